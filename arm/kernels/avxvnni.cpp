// AVX-VNNI: vpdpbusd on 256 bits. Activations are stored as activation + 128, as for AVX-512 VNNI.
#include <immintrin.h>
#include <string.h>

#include "internal.h"

namespace sk {
namespace {

using Sums = __m256i;
using Weights = __m256i;
using X = __m256i;
constexpr int kVectors = 2;

inline Sums zero() { return _mm256_setzero_si256(); }
inline Sums add(Sums a, Sums b) { return _mm256_add_epi32(a, b); }
inline void store(int32_t *to, Sums sums) { _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), sums); }
inline Weights load(const uint8_t *from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from)); }
inline X broadcast(const uint8_t *from) {
  int32_t four;
  memcpy(&four, from, sizeof four);
  return _mm256_set1_epi32(four);
}
// In assembly, as GCC copies the sums from register to register around its intrinsic.
inline Sums multiply_add(Sums sums, Weights w, X x) {
  __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sums) : "x"(x), "x"(w));
  return sums;
}

}  // namespace
}  // namespace sk

#include "x86_tiles.h"

namespace sk {

constexpr SparseKernels kSparse = {SparseKernels::kRows, kStep, {1, 2, 3, 4}, 0x80, {0.9f, 0.9f}, multiply_sparse<4, 2, 1, 1>};

const sk_kernels kAvxVnni = {"avxvnni",         kNeeds,      {kTile, kTile, kStep}, {kStep, 1, 0x80},
                             multiply<4, 2, 1, 1>, &kVectorAvx2, &kSparse};

}  // namespace sk
