// The vector arithmetic with NEON, four lanes.
#include <arm_neon.h>

#define SK_LANES 4
#define SK_FLOAT_SUMS 16
#include "vector_impl.h"

namespace sk {
namespace {

inline Floats fma_lanes(Floats a, Floats b, Floats c) {
  return vfmaq_f32(c, a, b);
}

inline void narrow_lanes(Ints values, int8_t *to) {
  const int16x4_t halves = vmovn_s32(values);
  const int8x8_t bytes = vmovn_s16(vcombine_s16(halves, halves));
  memcpy(to, &bytes, SK_LANES);
}

}  // namespace

const VectorOps kVectorNeon = kOps;

}  // namespace sk
