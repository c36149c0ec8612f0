// AVX-512 VNNI: vpdpbusd multiplies unsigned by signed bytes, so activations are stored as activation + 128; the
// driver takes 128 times the row's sum off again.
#include <immintrin.h>
#include <string.h>

#include "internal.h"

namespace sk {
namespace {

using Sums = __m512i;
using Weights = __m512i;
using X = __m512i;
constexpr int kVectors = 1;

inline Sums zero() { return _mm512_setzero_si512(); }
inline Sums add(Sums a, Sums b) { return _mm512_add_epi32(a, b); }
inline void store(int32_t *to, Sums sums) { _mm512_storeu_si512(to, sums); }
inline Weights load(const uint8_t *from) { return _mm512_loadu_si512(from); }
inline X broadcast(const uint8_t *from) {
  int32_t four;
  memcpy(&four, from, sizeof four);
  return _mm512_set1_epi32(four);
}
// In assembly, as GCC copies the sums from register to register around its intrinsic.
inline Sums multiply_add(Sums sums, Weights w, X x) {
  __asm__("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(x), "v"(w));
  return sums;
}

}  // namespace
}  // namespace sk

#include "x86_tiles.h"

namespace sk {

constexpr SparseKernels kSparse = {SparseKernels::kRows, kStep, {1, 2, 3, 4}, 0x80, {0.9f, 0.9f}, multiply_sparse<4, 4, 2, 2>};

const sk_kernels kAvx512Vnni = {"avx512vnni",      kNeeds,        {kTile, kTile, kStep}, {kStep, 1, 0x80},
                                multiply<8, 4, 4, 4>, &kVectorAvx512, &kSparse};

}  // namespace sk
