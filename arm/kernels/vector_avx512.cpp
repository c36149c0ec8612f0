// The vector arithmetic with AVX-512, sixteen lanes.
#include <immintrin.h>

#define SK_LANES 16
#define SK_FLOAT_SUMS 16
#include "vector_impl.h"

namespace sk {
namespace {

inline Floats fma_lanes(Floats a, Floats b, Floats c) {
  return _mm512_fmadd_ps(a, b, c);
}

inline void narrow_lanes(Ints values, int8_t *to) {
  _mm_storeu_si128(reinterpret_cast<__m128i *>(to), _mm512_maskz_cvtepi32_epi8(0xffff, (__m512i)values));
}

}  // namespace

const VectorOps kVectorAvx512 = kOps;

}  // namespace sk
