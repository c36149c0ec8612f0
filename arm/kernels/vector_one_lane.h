// What vector_impl.h wants of a CPU, one lane at a time; it is included here. SK_LANES is 1.
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

}  // namespace sk
