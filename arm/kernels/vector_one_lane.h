// What vector_impl.h wants of a CPU, one lane at a time; it is included here. SK_LANES is 1.
#include "vector_impl.h"
#ifdef __wasm__
#include "exact_fma.h"
#endif

namespace sk {
namespace {

inline Floats fma_lanes(Floats a, Floats b, Floats c) {
  Floats sum;
#ifdef __wasm__
  sum[0] = exact_fma(a[0], b[0], c[0]);
#else
  sum[0] = __builtin_fmaf(a[0], b[0], c[0]);
#endif
  return sum;
}

inline void narrow_lanes(Ints values, int8_t *to) { *to = static_cast<int8_t>(values[0]); }

}  // namespace

}  // namespace sk
