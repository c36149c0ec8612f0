// The fp32 product, written once for any number of lanes; part of vector_impl.h. Weights lie in tiles of 16 rows, in a tile
// column after column, so a column of a tile is one or several vectors that lie together. Every sum is taken in the order of
// the columns, by a multiplication and an addition that are rounded apart (the compiler gets -ffp-contract=off), so it has
// the same bits whatever the lanes, the tiles at once and the columns at once are.
// SK_FLOAT_LANES: floats in a vector. SK_FLOAT_SUMS: vectors of sums that the registers hold beside weights and activations.
#ifndef SK_FLOAT_LANES
#define SK_FLOAT_LANES SK_LANES
#endif

namespace sk {
namespace {

typedef float Sum __attribute__((vector_size(4 * SK_FLOAT_LANES)));
constexpr int kVectorsInTile = kFloatTile / SK_FLOAT_LANES;

// Tiles at once for so many columns: several hide how long an addition takes, and read memory in several places.
constexpr int float_tiles(int columns) {
  const int tiles = SK_FLOAT_SUMS / (kVectorsInTile * columns);
  return tiles < 1 ? 1 : tiles > 4 ? 4 : tiles;
}

// Weights of kTiles tiles that several groups of columns share: bytes of them that stay in the second-level cache.
constexpr int kFloatBlockBytes = 64 << 10;

// kTiles tiles by kColumns columns over `count` columns of weights, `tile` floats from one tile to the next. Column n begins
// with start[n], a number for every row of the tiles, or with 0 where `start` is NULL.
template <int kColumns, int kTiles>
inline void multiply_float_block(const float *w, ptrdiff_t tile, int count, const float *const *x,
                                 const float *const *start, float *const *y) {
  constexpr int kVectors = kTiles * kVectorsInTile;
  Sum sums[kVectors][kColumns];
  for (int n = 0; n < kColumns; ++n) {
    for (int v = 0; v < kVectors; ++v) {
      sums[v][n] = Sum{};
      if (start) memcpy(&sums[v][n], start[n] + v * SK_FLOAT_LANES, sizeof(Sum));
    }
  }
#pragma GCC unroll 4
  for (int k = 0; k < count; ++k, w += kFloatTile) {
    for (int v = 0; v < kVectors; ++v) {
      Sum weights;
      memcpy(&weights, w + v / kVectorsInTile * tile + v % kVectorsInTile * SK_FLOAT_LANES, sizeof weights);
      for (int n = 0; n < kColumns; ++n) sums[v][n] += weights * x[n][k];
    }
  }
  for (int n = 0; n < kColumns; ++n) {
    for (int v = 0; v < kVectors; ++v) memcpy(y[n] + v * SK_FLOAT_LANES, &sums[v][n], sizeof(Sum));
  }
}

// Columns first .. first + kColumns - 1 of the tiles from row m on, over `count` columns of weights from k on. Where the
// matrix ends within the tiles, sums go through memory that holds all rows of them. (A copy of a length that is not known
// keeps sums out of the registers.)
template <int kColumns, int kTiles>
inline void multiply_float_part(const FloatProduct &p, int first, int m, int k, int count) {
  constexpr int kRows = kTiles * kFloatTile;
  const ptrdiff_t tile = static_cast<ptrdiff_t>(p.cols) * kFloatTile;
  const float *x[kColumns], *start[kColumns];
  float *y[kColumns];
  for (int n = 0; n < kColumns; ++n) {
    x[n] = p.x + (first + n) * p.x_stride + k;
    y[n] = p.y + (first + n) * p.y_stride + m;
    start[n] = k ? y[n] : p.bias ? p.bias + m : nullptr;
  }
  const float *const *from = start[0] ? start : nullptr;
  const float *w = p.w + static_cast<ptrdiff_t>(m) * p.cols + static_cast<ptrdiff_t>(k) * kFloatTile;
  if (p.rows - m >= kRows) return multiply_float_block<kColumns, kTiles>(w, tile, count, x, from, y);
  float rows[kColumns][kRows] = {};
  float *to[kColumns];
  const size_t bytes = static_cast<size_t>(p.rows - m) * sizeof(float);
  for (int n = 0; n < kColumns; ++n) {
    if (from) memcpy(rows[n], start[n], bytes);
    start[n] = to[n] = rows[n];
  }
  multiply_float_block<kColumns, kTiles>(w, tile, count, x, start, to);
  for (int n = 0; n < kColumns; ++n) memcpy(y[n], rows[n], bytes);
}

// All columns of the tiles from row m on, kColumns at a time; where they are more than that, block by block of the weights.
template <int kColumns, int kTiles>
inline void multiply_float_tiles(const FloatProduct &p, int m) {
  constexpr int kStep = kFloatBlockBytes / (kTiles * kFloatTile * static_cast<int>(sizeof(float)));
  const int step = p.columns > kColumns ? kStep : p.cols;
  for (int k = 0; k < p.cols; k += step) {
    const int count = p.cols - k < step ? p.cols - k : step;
    int n = 0;
    for (; n + kColumns <= p.columns; n += kColumns) multiply_float_part<kColumns, kTiles>(p, n, m, k, count);
    for (; n < p.columns; ++n) multiply_float_part<1, kTiles>(p, n, m, k, count);
  }
}

template <int kColumns>
inline void multiply_float_rows(const FloatProduct &p) {
  constexpr int kTiles = float_tiles(kColumns), kRows = kTiles * kFloatTile;
  const int whole = (p.rows + kFloatTile - 1) / kFloatTile / kTiles;
  for (int i = 0; i < whole; ++i) multiply_float_tiles<kColumns, kTiles>(p, (p.backwards ? whole - 1 - i : i) * kRows);
  for (int m = whole * kRows; m < p.rows; m += kFloatTile) multiply_float_tiles<kColumns, 1>(p, m);
}

void multiply_floats(const FloatProduct &p) {
  constexpr int kMost = kVectorsInTile * 4 <= SK_FLOAT_SUMS ? 4 : 2;
  if (p.columns >= kMost) return multiply_float_rows<kMost>(p);
  if (p.columns >= 2) return multiply_float_rows<2>(p);
  multiply_float_rows<1>(p);
}

}  // namespace
}  // namespace sk
