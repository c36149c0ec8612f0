// The vector arithmetic with AVX2 and FMA, eight lanes.
#include <immintrin.h>

#define SK_LANES 8
#define SK_FLOAT_SUMS 8
#include "vector_impl.h"

namespace sk {
namespace {

inline Floats fma_lanes(Floats a, Floats b, Floats c) {
  return _mm256_fmadd_ps(a, b, c);
}

inline void narrow_lanes(Ints values, int8_t *to) {
  const __m256i low = _mm256_and_si256((__m256i)values, _mm256_set1_epi32(0xff));
  const __m128i halves = _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i *>(to), _mm_packus_epi16(halves, halves));
}

}  // namespace

const VectorOps kVectorAvx2 = kOps;

}  // namespace sk
