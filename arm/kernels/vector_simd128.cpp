// The vector arithmetic with WebAssembly's simd128, four lanes.
#include <wasm_simd128.h>

#define SK_LANES 4
#define SK_FLOAT_SUMS 8
#include "exact_fma.h"
#include "vector_impl.h"

namespace sk {
namespace {

// Lanes i and j of two doubles become lanes of floats.
typedef double Doubles __attribute__((vector_size(16)));

inline Doubles low_half(Floats x) { return (Doubles)wasm_f64x2_promote_low_f32x4((v128_t)x); }
inline Doubles high_half(Floats x) { return low_half(__builtin_shufflevector(x, x, 2, 3, 2, 3)); }

// simd128 has no fused multiply-add of one rounding. The sum of two doubles, rounded to a float, is right but where
//  - it lies midway between two floats: the 29 bits that a float lacks are 1 0 0 ... 0; or
//  - it is below the normal range of floats, whose last bits lie elsewhere. Where that sum is not exact, its addend is
//    below 1.1 * 2^-126 too, and is not 0: the product would have to be as small as the addend's last bit.
// Then each lane is taken by itself. (Of arguments at random that is one in 2^29.) For an addend that is a constant, as in
// a polynomial, the compiler drops the second question.
inline Floats fma_lanes(Floats a, Floats b, Floats c) {
  const Doubles low = low_half(a) * low_half(b) + low_half(c), high = high_half(a) * high_half(b) + high_half(c);
  const Ints rest = __builtin_shufflevector((Ints)low, (Ints)high, 0, 2, 4, 6) & 0x1fffffff;
  const Ints midway = rest == 0x10000000;
  const Ints size = (Ints)c & 0x7fffffff;
  const Ints tiny = (size < 0x008d0000) & (size > 0);
  if (__builtin_expect(wasm_v128_any_true((v128_t)(midway | tiny)), 0)) {
    Floats sum;
    for (int lane = 0; lane < 4; ++lane) sum[lane] = exact_fma(a[lane], b[lane], c[lane]);
    return sum;
  }
  const Floats lower = (Floats)wasm_f32x4_demote_f64x2_zero((v128_t)low);
  const Floats upper = (Floats)wasm_f32x4_demote_f64x2_zero((v128_t)high);
  return __builtin_shufflevector(lower, upper, 0, 1, 4, 5);
}

inline void narrow_lanes(Ints values, int8_t *to) {
  const v128_t bytes = wasm_i8x16_shuffle((v128_t)values, (v128_t)values, 0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  wasm_v128_store32_lane(to, bytes, 0);
}

}  // namespace

const VectorOps kVectorSimd128 = kOps;

}  // namespace sk
