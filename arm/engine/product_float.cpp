// The fp32 product, written once over tiles of 16 rows and compiled for what x86 CPUs may have; elsewhere as it is.
#include <string.h>

#include <algorithm>

#include "product.h"

namespace schatten {

namespace {

typedef float Tile __attribute__((vector_size(4 * kFloatTile)));

// `Tiles` tiles of rows by N columns. A sum has one order whatever these are; several at once hide how long an addition
// takes, and read memory in several places at once.
template <int N, int Tiles>
__attribute__((always_inline)) inline void block(const float *w, int cols, const float *const *x, const float *bias,
                                                 int rows, float *const *y) {
  const size_t size = static_cast<size_t>(cols) * kFloatTile;
  const auto bytes = [rows](int i) {
    return static_cast<size_t>(std::min(kFloatTile, rows - i * kFloatTile)) * sizeof(float);
  };
  Tile sums[Tiles][N];
  for (int i = 0; i < Tiles; ++i) {
    for (int n = 0; n < N; ++n) {
      sums[i][n] = Tile{};
      if (bias) memcpy(&sums[i][n], bias + i * kFloatTile, bytes(i));
    }
  }
  for (int k = 0; k < cols; ++k) {
    for (int i = 0; i < Tiles; ++i) {
      Tile weights;
      memcpy(&weights, w + static_cast<size_t>(i) * size + static_cast<size_t>(k) * kFloatTile, sizeof weights);
      for (int n = 0; n < N; ++n) sums[i][n] += weights * x[n][k];
    }
  }
  for (int i = 0; i < Tiles; ++i) {
    for (int n = 0; n < N; ++n) memcpy(y[n] + i * kFloatTile, &sums[i][n], bytes(i));
  }
}

template <int N, int Tiles>
__attribute__((always_inline)) inline void some(const float *w, int rows, int cols, const Columns &x, int first,
                                                const float *bias, float *y, ptrdiff_t stride) {
  const float *from[N];
  for (int n = 0; n < N; ++n) from[n] = x.values + (first + n) * x.stride;
  float *to[N];
  const auto at = [&](int m) {
    for (int n = 0; n < N; ++n) to[n] = y + (first + n) * stride + m;
    return w + static_cast<size_t>(m) * static_cast<size_t>(cols);
  };
  const int whole = (rows + kFloatTile - 1) / kFloatTile / Tiles;
  for (int i = 0; i < whole; ++i) {
    const int m = (x.backwards ? whole - 1 - i : i) * Tiles * kFloatTile;
    block<N, Tiles>(at(m), cols, from, bias ? bias + m : nullptr, rows - m, to);
  }
  for (int m = whole * Tiles * kFloatTile; m < rows; m += kFloatTile) {
    block<N, 1>(at(m), cols, from, bias ? bias + m : nullptr, rows - m, to);
  }
}

// As many tiles at once as the registers hold for so many columns.
template <int TilesOfFour, int TilesOfTwo, int TilesOfOne>
__attribute__((always_inline)) inline void all(const float *w, int rows, int cols, const Columns &x, const float *bias,
                                               float *y, ptrdiff_t stride) {
  int n = 0;
  for (; n + 4 <= x.count; n += 4) some<4, TilesOfFour>(w, rows, cols, x, n, bias, y, stride);
  for (; n + 2 <= x.count; n += 2) some<2, TilesOfTwo>(w, rows, cols, x, n, bias, y, stride);
  if (n < x.count) some<1, TilesOfOne>(w, rows, cols, x, n, bias, y, stride);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void avx2(const float *w, int rows, int cols, const Columns &x, const float *bias,
                                          float *y, ptrdiff_t stride) {
  all<1, 2, 4>(w, rows, cols, x, bias, y, stride);
}
__attribute__((target("avx512f"))) void avx512(const float *w, int rows, int cols, const Columns &x, const float *bias,
                                               float *y, ptrdiff_t stride) {
  all<4, 4, 4>(w, rows, cols, x, bias, y, stride);
}
#endif

}  // namespace

void multiply_floats(const float *w, int rows, int cols, const Columns &x, const float *bias, float *y,
                     ptrdiff_t stride) {
#if defined(__x86_64__)
  // Of avx512f clang takes these for granted.
  const bool has_parts = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  if (has_parts && __builtin_cpu_supports("avx512f")) return avx512(w, rows, cols, x, bias, y, stride);
  if (__builtin_cpu_supports("avx2")) return avx2(w, rows, cols, x, bias, y, stride);
#endif
  all<1, 2, 4>(w, rows, cols, x, bias, y, stride);
}

}  // namespace schatten
