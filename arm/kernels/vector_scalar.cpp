// The vector arithmetic with one lane at a time: the reference of the others.
#define SK_LANES 1
#define SK_FLOAT_SUMS 8
#define SK_FLOAT_LANES 4  // the plainest CPU of an architecture may have vectors; where not, the compiler takes them apart
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

const VectorOps kVectorScalar = kOps;

}  // namespace sk
