// AVX2: vpmaddubsw multiplies unsigned by signed bytes and adds pairs in 16 bits, so it gets |x| and w with x's sign:
// 2 * 128 * 127 fits.
#include <immintrin.h>
#include <string.h>

#include "internal.h"

namespace sk {
namespace {

struct X {
  __m256i signed_x, magnitude;
};
using Sums = __m256i;
using Weights = __m256i;
constexpr int kVectors = 2;

inline Sums zero() { return _mm256_setzero_si256(); }
inline Sums add(Sums a, Sums b) { return _mm256_add_epi32(a, b); }
inline void store(int32_t *to, Sums sums) { _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), sums); }
inline Weights load(const uint8_t *from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from)); }
inline X broadcast(const uint8_t *from) {
  int32_t four;
  memcpy(&four, from, sizeof four);
  const __m256i x = _mm256_set1_epi32(four);
  return {x, _mm256_abs_epi8(x)};
}
inline Sums multiply_add(Sums sums, Weights w, const X &x) {
  const __m256i pairs = _mm256_maddubs_epi16(x.magnitude, _mm256_sign_epi8(w, x.signed_x));
  const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  // In assembly, as GCC copies the sums from register to register, and into memory, around its intrinsic.
  __asm__("vpaddd %1, %0, %0" : "+x"(sums) : "x"(fours));
  return sums;
}

}  // namespace
}  // namespace sk

#include "x86_tiles.h"

namespace sk {

constexpr SparseKernels kSparse = {SparseKernels::kRows, kStep, {1, 2, 3, 4}, 0, {0.8f, 0.9f}, multiply_sparse<2, 1, 1, 1>};

const sk_kernels kAvx2 = {"avx2",            kNeeds,      {kTile, kTile, kStep}, {kStep, 1, 0},
                          multiply<2, 1, 1, 1>, &kVectorAvx2, &kSparse};

}  // namespace sk
