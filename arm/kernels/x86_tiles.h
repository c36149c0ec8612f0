// The x86 kernels, written once for any vector: a tile is 16 rows, a step the next 4 weights of each row (64 bytes). A
// column's 4 activations are broadcast to all rows. Each instruction set defines, before it includes this file, Sums (a
// vector of int32), kVectors (Sums in 16 rows), zero(), store(), Weights (a step's weights of Sums' rows), load(), X (a
// column's activations, broadcast), broadcast() and multiply_add().
#include "internal.h"

namespace sk {
namespace {

constexpr int kTile = 16, kStep = 4, kStepBytes = kTile * kStep;

// kTiles tiles by kColumns columns; `stride` bytes from one tile to the next.
template <int kTiles, int kColumns>
inline void multiply_block(const uint8_t *weights, size_t stride, const uint8_t *x, int32_t *sums, int steps) {
  Sums acc[kTiles][kVectors][kColumns];
  for (auto &tile : acc) {
    for (auto &vector : tile) {
      for (Sums &sum : vector) sum = zero();
    }
  }
  for (int k = 0; k < steps; ++k, weights += kStepBytes, x += kStep * kColumns) {
    X columns[kColumns];
    for (int n = 0; n < kColumns; ++n) columns[n] = broadcast(x + n * kStep);
    for (int t = 0; t < kTiles; ++t) {
      for (int v = 0; v < kVectors; ++v) {
        const Weights w = load(weights + static_cast<size_t>(t) * stride + v * (kStepBytes / kVectors));
        for (int n = 0; n < kColumns; ++n) acc[t][v][n] = multiply_add(acc[t][v][n], w, columns[n]);
      }
    }
  }
  for (int n = 0; n < kColumns; ++n) {
    for (int t = 0; t < kTiles; ++t) {
      for (int v = 0; v < kVectors; ++v) {
        store(sums + n * kPanelRows + t * kTile + v * (kTile / kVectors), acc[t][v][n]);
      }
    }
  }
}

// kTiles tiles at a time, then one at a time.
template <int kTiles, int kColumns>
void multiply_columns(const Panel &panel) {
  const int steps = (panel.cols + kStep - 1) / kStep;
  const int tiles = (panel.rows + kTile - 1) / kTile;
  const size_t stride = static_cast<size_t>(steps) * kStepBytes;
  int t = 0;
  for (; t + kTiles <= tiles; t += kTiles) {
    multiply_block<kTiles, kColumns>(panel.weights + static_cast<size_t>(t) * stride, stride, panel.x,
                                     panel.sums + t * kTile, steps);
  }
  for (; t < tiles; ++t) {
    multiply_block<1, kColumns>(panel.weights + static_cast<size_t>(t) * stride, stride, panel.x,
                                panel.sums + t * kTile, steps);
  }
}

// Tiles at a time for 1 .. 4 columns: as many as the registers hold.
template <int kOne, int kTwo, int kThree, int kFour>
void multiply(const Panel &panel) {
  switch (panel.columns) {
    case 1: return multiply_columns<kOne, 1>(panel);
    case 2: return multiply_columns<kTwo, 2>(panel);
    case 3: return multiply_columns<kThree, 3>(panel);
    default: return multiply_columns<kFour, 4>(panel);
  }
}

}  // namespace
}  // namespace sk
