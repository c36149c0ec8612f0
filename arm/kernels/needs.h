// What code may use of a CPU beyond the plainest one of its architecture.
#ifndef SCHATTEN_KERNELS_NEEDS_H
#define SCHATTEN_KERNELS_NEEDS_H

namespace sk {

enum Need : unsigned {
  kNeedSse3 = 1u << 0,
  kNeedSsse3 = 1u << 1,
  kNeedSse41 = 1u << 2,
  kNeedSse42 = 1u << 3,
  kNeedPopcnt = 1u << 4,
  kNeedAvx = 1u << 5,
  kNeedAvx2 = 1u << 6,
  kNeedFma = 1u << 7,
  kNeedAvxVnni = 1u << 8,
  kNeedAvx512F = 1u << 9,
  kNeedAvx512Bw = 1u << 10,
  kNeedAvx512Vl = 1u << 11,
  kNeedAvx512Vnni = 1u << 12,
  kNeedAmxTile = 1u << 13,
  kNeedAmxInt8 = 1u << 14,
  kNeedDotprod = 1u << 15,  // ARMv8.2, by assembly files
  kNeedI8mm = 1u << 16,
  kNeedF16c = 1u << 17,  // which clang counts among AVX-512F's
  kNeedSha = 1u << 18,   // SHA-256, of x86
  kNeedSha2 = 1u << 19,  // and of ARMv8
  kNeedNeon = 1u << 20,  // of 32-bit ARM, as is the next
  kNeedVfpv4 = 1u << 21,
};

// What the file that includes this was compiled for. The compiler says it, so a file is never entered where a CPU (or a
// hypervisor that hides a part of it) lacks what the file's -m flags let the compiler use.
constexpr unsigned kNeeds = 0u
#ifdef __SSE3__
                            | kNeedSse3
#endif
#ifdef __SSSE3__
                            | kNeedSsse3
#endif
#ifdef __SSE4_1__
                            | kNeedSse41
#endif
#ifdef __SSE4_2__
                            | kNeedSse42
#endif
#ifdef __POPCNT__
                            | kNeedPopcnt
#endif
#ifdef __AVX__
                            | kNeedAvx
#endif
#ifdef __AVX2__
                            | kNeedAvx2
#endif
#ifdef __FMA__
                            | kNeedFma
#endif
#ifdef __F16C__
                            | kNeedF16c
#endif
#ifdef __AVXVNNI__
                            | kNeedAvxVnni
#endif
#ifdef __AVX512F__
                            | kNeedAvx512F
#endif
#ifdef __AVX512BW__
                            | kNeedAvx512Bw
#endif
#ifdef __AVX512VL__
                            | kNeedAvx512Vl
#endif
#ifdef __AVX512VNNI__
                            | kNeedAvx512Vnni
#endif
#ifdef __SHA__
                            | kNeedSha
#endif
#ifdef __ARM_FEATURE_SHA2
                            | kNeedSha2
#endif
#if defined(__arm__) && defined(__ARM_NEON)
                            | kNeedNeon
#endif
#if defined(__arm__) && defined(__ARM_FEATURE_FMA)
                            | kNeedVfpv4
#endif
#ifdef __AMX_TILE__
                            | kNeedAmxTile
#endif
#ifdef __AMX_INT8__
                            | kNeedAmxInt8
#endif
    ;

}  // namespace sk
#endif
