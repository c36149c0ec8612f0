// The vector arithmetic of 32-bit ARM, one lane at a time with the fused multiply-add of VFPv4. Its NEON takes numbers below
// the normal range for 0, so it would not give the bits that other CPUs give.
#define SK_LANES 1
#define SK_FLOAT_SUMS 16
#include "vector_impl.h"

namespace sk {
namespace {

inline Floats fma_lanes(Floats a, Floats b, Floats c) {
  Floats sum;
  sum[0] = __builtin_fmaf(a[0], b[0], c[0]);
  return sum;
}

inline void narrow_lanes(Ints values, int8_t *to) { *to = static_cast<int8_t>(values[0]); }

}  // namespace

const VectorOps kVectorVfp = kOps;

}  // namespace sk
