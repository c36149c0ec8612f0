// Chooses kernels by what the CPU reports, and forwards the vector operations to them.
#include <string.h>

#include "internal.h"

namespace sk {
namespace {

// Slowest first.
const sk_kernels *const kAll[] = {
    &kScalar,
#if defined(__aarch64__)
    &kNeon, &kDotprod, &kI8mm,
#elif defined(__x86_64__)
    &kAvx2, &kAvxVnni, &kAvx512Vnni, &kAmx,
#endif
};
constexpr int kCount = sizeof(kAll) / sizeof(kAll[0]);

// Whether kernels are worth their while. smmla multiplies pairs of columns: with one column half of its work would be
// lost, and sdot is as fast. AMX takes as long for one column as for sixteen, which pays from three on, or where rows
// are so few that vectors wait for their own sums; and it reads from beyond the second-level cache more slowly.
bool suits(const sk_kernels &kernels, int rows, int cols, int columns) {
#if defined(__aarch64__)
  (void)rows, (void)cols;
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
}  // namespace sk

using namespace sk;

const sk_kernels *sk_kernels_best(int rows, int cols, int columns) {
  for (int i = kCount - 1; i > 0; --i) {
    if (kAll[i]->available() && suits(*kAll[i], rows, cols, columns)) return kAll[i];
  }
  return kAll[0];
}

const sk_kernels *sk_kernels_named(const char *name) {
  for (const sk_kernels *kernels : kAll) {
    if (strcmp(kernels->name, name) == 0) return kernels->available() ? kernels : nullptr;
  }
  return nullptr;
}

const char *sk_kernels_list(int i) { return i >= 0 && i < kCount ? kAll[i]->name : nullptr; }

const char *sk_kernels_name(const sk_kernels *kernels) { return kernels->name; }

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
