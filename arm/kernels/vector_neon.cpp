// The vector arithmetic with NEON, four lanes.
#include <arm_neon.h>

#define SK_LANES 4
#include "vector_impl.h"

namespace sk {
namespace {

inline Floats fma_lanes(Floats a, Floats b, Floats c) {
  return vfmaq_f32(c, a, b);
}

}  // namespace

const VectorOps kVectorNeon = kOps;

}  // namespace sk
