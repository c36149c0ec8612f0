// The fp32 product, written once over tiles of 16 rows and compiled for what x86 CPUs may have; elsewhere as it is.
#include <string.h>

#include <algorithm>

#include "product.h"

namespace schatten {

namespace {

typedef float Tile __attribute__((vector_size(4 * kFloatTile)));

template <int N>
__attribute__((always_inline)) inline void tile(const float *w, int cols, const float *const *x, const float *bias,
                                                int rows, float *const *y) {
  Tile sums[N];
  for (int n = 0; n < N; ++n) {
    sums[n] = Tile{};
    if (bias) memcpy(&sums[n], bias, static_cast<size_t>(rows) * sizeof(float));
  }
  for (int k = 0; k < cols; ++k) {
    Tile weights;
    memcpy(&weights, w + static_cast<size_t>(k) * kFloatTile, sizeof weights);
    for (int n = 0; n < N; ++n) sums[n] += weights * x[n][k];
  }
  for (int n = 0; n < N; ++n) memcpy(y[n], &sums[n], static_cast<size_t>(rows) * sizeof(float));
}

template <int N>
__attribute__((always_inline)) inline void some(const float *w, int rows, int cols, const Columns &x, int first,
                                                const float *bias, float *y, ptrdiff_t stride) {
  const float *from[N];
  for (int n = 0; n < N; ++n) from[n] = x.values + (first + n) * x.stride;
  for (int m = 0; m < rows; m += kFloatTile) {
    float *to[N];
    for (int n = 0; n < N; ++n) to[n] = y + (first + n) * stride + m;
    tile<N>(w + static_cast<size_t>(m) * static_cast<size_t>(cols), cols, from, bias ? bias + m : nullptr,
            std::min(kFloatTile, rows - m), to);
  }
}

__attribute__((always_inline)) inline void all(const float *w, int rows, int cols, const Columns &x, const float *bias,
                                               float *y, ptrdiff_t stride) {
  int n = 0;
  for (; n + 4 <= x.count; n += 4) some<4>(w, rows, cols, x, n, bias, y, stride);
  for (; n + 2 <= x.count; n += 2) some<2>(w, rows, cols, x, n, bias, y, stride);
  if (n < x.count) some<1>(w, rows, cols, x, n, bias, y, stride);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void avx2(const float *w, int rows, int cols, const Columns &x, const float *bias,
                                          float *y, ptrdiff_t stride) {
  all(w, rows, cols, x, bias, y, stride);
}
__attribute__((target("avx512f"))) void avx512(const float *w, int rows, int cols, const Columns &x, const float *bias,
                                               float *y, ptrdiff_t stride) {
  all(w, rows, cols, x, bias, y, stride);
}
#endif

}  // namespace

void multiply_floats(const float *w, int rows, int cols, const Columns &x, const float *bias, float *y,
                     ptrdiff_t stride) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return avx512(w, rows, cols, x, bias, y, stride);
  if (__builtin_cpu_supports("avx2")) return avx2(w, rows, cols, x, bias, y, stride);
#endif
  all(w, rows, cols, x, bias, y, stride);
}

}  // namespace schatten
