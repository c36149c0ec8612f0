// Chooses kernels by what the CPU reports, and forwards the vector operations to them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__aarch64__) || defined(__arm__)
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "internal.h"

namespace sk {
namespace {

// Slowest first.
const sk_kernels *const kAll[] = {
    &kScalar,
#if defined(__aarch64__)
    &kNeon, &kDotprod, &kI8mm,
#elif defined(__arm__)
    &kNeon,
#elif defined(__x86_64__)
    &kAvx2, &kAvxVnni, &kAvx512Vnni, &kAmx,
#elif defined(__wasm_simd128__)
    &kSimd128,  // a module that has these instructions is refused as a whole where they are missing
#endif
};
constexpr int kCount = sizeof(kAll) / sizeof(kAll[0]);

#if defined(__x86_64__)
// Linux gives the state of AMX's tiles to processes that ask for it.
bool request_tiles() {
  constexpr long kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}

// The compilers' libraries do not all know SHA by name.
unsigned find_sha() {
  constexpr unsigned kShaBit = 1u << 29;
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & kShaBit) ? kNeedSha : 0u;
}

unsigned find_amx() {
  constexpr unsigned kTileBit = 1u << 24, kInt8Bit = 1u << 25;
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & (kTileBit | kInt8Bit)) || !request_tiles()) return 0;
  return (d & kTileBit ? kNeedAmxTile : 0u) | (d & kInt8Bit ? kNeedAmxInt8 : 0u);
}
#endif

// What this CPU has and its system allows: the compiler's library asks for both (cpuid and xgetbv).
unsigned find_cpu() {
  unsigned has = 0;
#if defined(__aarch64__)
  if (getauxval(AT_HWCAP) & (1UL << 6)) has |= kNeedSha2;      // HWCAP_SHA2
  if (getauxval(AT_HWCAP) & (1UL << 20)) has |= kNeedDotprod;  // HWCAP_ASIMDDP
  if (getauxval(AT_HWCAP2) & (1UL << 13)) has |= kNeedI8mm;    // HWCAP2_I8MM
#elif defined(__arm__)
  if (getauxval(AT_HWCAP) & (1UL << 12)) has |= kNeedNeon;   // HWCAP_NEON
  if (getauxval(AT_HWCAP) & (1UL << 16)) has |= kNeedVfpv4;  // HWCAP_VFPv4
#elif defined(__x86_64__)
  if (__builtin_cpu_supports("sse3")) has |= kNeedSse3;
  if (__builtin_cpu_supports("ssse3")) has |= kNeedSsse3;
  if (__builtin_cpu_supports("sse4.1")) has |= kNeedSse41;
  if (__builtin_cpu_supports("sse4.2")) has |= kNeedSse42;
  if (__builtin_cpu_supports("popcnt")) has |= kNeedPopcnt;
  if (__builtin_cpu_supports("avx")) has |= kNeedAvx;
  if (__builtin_cpu_supports("avx2")) has |= kNeedAvx2;
  if (__builtin_cpu_supports("fma")) has |= kNeedFma;
  if (__builtin_cpu_supports("f16c")) has |= kNeedF16c;
  if (__builtin_cpu_supports("avxvnni")) has |= kNeedAvxVnni;
  if (__builtin_cpu_supports("avx512f")) has |= kNeedAvx512F;
  if (__builtin_cpu_supports("avx512bw")) has |= kNeedAvx512Bw;
  if (__builtin_cpu_supports("avx512vl")) has |= kNeedAvx512Vl;
  if (__builtin_cpu_supports("avx512vnni")) has |= kNeedAvx512Vnni;
  has |= find_sha() | find_amx();
#endif
  return has;
}

unsigned cpu_has() {
  static const unsigned has = find_cpu();
  return has;
}

bool is_available(const sk_kernels &kernels) { return can_run(kernels, cpu_has()); }

// What SCHATTEN_KERNELS says: the index of the fastest kernels allowed, or why it cannot be followed.
struct Limit {
  int last = kCount - 1;
  char problem[256] = "";
};

void list_available(char *text, size_t size) {
  size_t length = 0;
  for (int i = 0; i < kCount && length < size; ++i) {
    if (!is_available(*kAll[i])) continue;
    const int written = snprintf(text + length, size - length, "%s%s", length ? ", " : "", kAll[i]->name);
    length += static_cast<size_t>(written);
  }
}

Limit read_limit() {
  Limit limit;
  const char *name = getenv("SCHATTEN_KERNELS");
  if (name == nullptr || *name == '\0') return limit;
  bool known = false;
  for (int i = 0; i < kCount; ++i) {
    if (strcmp(kAll[i]->name, name) != 0) continue;
    known = true;
    limit.last = i;
  }
  if (known && is_available(*kAll[limit.last])) return limit;
  char names[128];
  list_available(names, sizeof names);
  const char *why = known ? "this CPU lacks these kernels" : "there are no kernels of that name";
  snprintf(limit.problem, sizeof limit.problem, "SCHATTEN_KERNELS=%.40s: %s; give one of %s", name, why, names);
  limit.last = kCount - 1;
  return limit;
}

const Limit &limit() {
  static const Limit found = read_limit();
  return found;
}

// Whether kernels are worth their while. smmla multiplies pairs of columns: with one column half of its work would be
// lost, and sdot is as fast. AMX takes as long for one column as for sixteen, which pays from three on, or where rows
// are so few that vectors wait for their own sums; and it reads from beyond the second-level cache more slowly.
bool suits([[maybe_unused]] const sk_kernels &kernels, [[maybe_unused]] int rows, [[maybe_unused]] int cols,
           [[maybe_unused]] int columns) {
#if defined(__aarch64__)
  if (&kernels == &kI8mm) return columns >= 2;
#elif defined(__x86_64__)
  constexpr double kSecondLevelCache = 2 << 20;
  if (&kernels == &kAmx) {
    return (columns >= 3 || rows <= 32) && static_cast<double>(rows) * cols <= kSecondLevelCache;
  }
#endif
  return true;
}

}  // namespace

bool is_allowed(unsigned needs) { return limit().last > 0 && (needs & ~cpu_has()) == 0; }

}  // namespace sk

using namespace sk;

const sk_kernels *sk_kernels_best(int rows, int cols, int columns) {
  for (int i = limit().last; i > 0; --i) {
    if (is_available(*kAll[i]) && suits(*kAll[i], rows, cols, columns)) return kAll[i];
  }
  return kAll[0];
}

// smmla is worth its while from two columns on here, too.
const sk_kernels *sk_kernels_best_sparse(int columns) {
  for (int i = limit().last; i > 0; --i) {
    if (kAll[i]->sparse && is_available(*kAll[i]) && suits(*kAll[i], 0, 0, columns)) return kAll[i];
  }
  return kAll[0];
}

const char *sk_kernels_problem() { return *limit().problem ? limit().problem : nullptr; }

const char *sk_cpu_class() {
  int i = limit().last;
  while (i > 0 && !is_available(*kAll[i])) --i;
  return kAll[i]->name;
}

const sk_kernels *sk_kernels_named(const char *name) {
  for (const sk_kernels *kernels : kAll) {
    if (strcmp(kernels->name, name) == 0) return is_available(*kernels) ? kernels : nullptr;
  }
  return nullptr;
}

const char *sk_kernels_list(int i) { return i >= 0 && i < kCount ? kAll[i]->name : nullptr; }

const char *sk_kernels_name(const sk_kernels *kernels) { return kernels->name; }

void sk_multiply_floats(const sk_kernels *kernels, int rows, int cols, const float *packed, const sk_float_columns *x,
                        const float *bias, float *y, ptrdiff_t stride) {
  kernels->vector->multiply_floats(
      {packed, rows, cols, x->count, x->data, x->stride, bias, y, stride, x->backwards != 0});
}

void sk_exp(const sk_kernels *kernels, const float *x, float *y, int count) { kernels->vector->exp(x, y, count); }

void sk_log(const sk_kernels *kernels, const float *x, float *y, int count) { kernels->vector->log(x, y, count); }

void sk_sigmoid(const sk_kernels *kernels, const float *x, float *y, int count) {
  kernels->vector->sigmoid(x, y, count);
}

void sk_tanh(const sk_kernels *kernels, const float *x, float *y, int count) { kernels->vector->tanh(x, y, count); }

float sk_quantize(const sk_kernels *kernels, const float *x, int8_t *q, int count) {
  return sk_quantize_within(kernels, x, sk_largest(kernels, x, count), q, count);
}

float sk_largest(const sk_kernels *kernels, const float *x, int count) { return kernels->vector->largest(x, count); }

float sk_quantize_within(const sk_kernels *kernels, const float *x, float largest, int8_t *q, int count) {
  return kernels->vector->quantize(x, largest, q, count);
}

void sk_gru_step(const sk_kernels *kernels, const float *a, const float *b, float *h, int units) {
  kernels->vector->gru_step(a, b, h, units);
}

void sk_lstm_step(const sk_kernels *kernels, const float *a, const float *b, float *c, float *h, int units) {
  kernels->vector->lstm_step(a, b, c, h, units);
}
