// The x86 kernels, written once for any vector: a tile is 16 rows, a step the next 4 weights of each row (64 bytes). A
// column's 4 activations are broadcast to all rows. Each instruction set defines, before it includes this file, Sums (a
// vector of int32), kVectors (Sums in 16 rows), zero(), store(), Weights (a step's weights of Sums' rows), load(), X (a
// column's activations, broadcast), broadcast(), multiply_add() and add().
#include "internal.h"

namespace sk {
namespace {

constexpr int kTile = 16, kStep = 4, kStepBytes = kTile * kStep;

// Sums of kTiles tiles by kColumns columns.
template <int kTiles, int kColumns>
struct Block {
  Sums sums[kTiles][kVectors][kColumns];

  void clear() {
    for (auto &tile : sums) {
      for (auto &vector : tile) {
        for (Sums &sum : vector) sum = zero();
      }
    }
  }

  // One step; `stride` bytes from one tile to the next.
  void multiply_step(const uint8_t *weights, size_t stride, const uint8_t *x) {
    Weights w[kTiles][kVectors];
    for (int t = 0; t < kTiles; ++t) {
      for (int v = 0; v < kVectors; ++v) {
        w[t][v] = load(weights + static_cast<size_t>(t) * stride + v * (kStepBytes / kVectors));
      }
    }
    // Column after column: an X may take several registers, and all columns' would not fit.
    for (int n = 0; n < kColumns; ++n) {
      const X column = broadcast(x + n * kStep);
      for (int t = 0; t < kTiles; ++t) {
        for (int v = 0; v < kVectors; ++v) sums[t][v][n] = multiply_add(sums[t][v][n], w[t][v], column);
      }
    }
  }

  void add_up(const Block &other) {
    for (int t = 0; t < kTiles; ++t) {
      for (int v = 0; v < kVectors; ++v) {
        for (int n = 0; n < kColumns; ++n) sums[t][v][n] = add(sums[t][v][n], other.sums[t][v][n]);
      }
    }
  }

  void store_with(const Block &other, int32_t *to) const {
    for (int n = 0; n < kColumns; ++n) {
      for (int t = 0; t < kTiles; ++t) {
        for (int v = 0; v < kVectors; ++v) {
          store(to + n * kPanelRows + t * kTile + v * (kTile / kVectors), add(sums[t][v][n], other.sums[t][v][n]));
        }
      }
    }
  }
};

// Odd and even steps have sums of their own, so that fewer of them wait for one another.
template <int kTiles, int kColumns>
inline void multiply_block(const uint8_t *weights, size_t stride, const uint8_t *x, int32_t *sums, int steps) {
  Block<kTiles, kColumns> even, odd;
  even.clear();
  odd.clear();
  constexpr bool kSplit = kTiles * kVectors * kColumns <= 4;  // else the sums are many enough
  if (kSplit) {
    for (; steps >= 2; steps -= 2, weights += 2 * kStepBytes, x += 2 * kStep * kColumns) {
      even.multiply_step(weights, stride, x);
      odd.multiply_step(weights + kStepBytes, stride, x + kStep * kColumns);
    }
  }
  for (; steps > 0; --steps, weights += kStepBytes, x += kStep * kColumns) even.multiply_step(weights, stride, x);
  even.store_with(odd, sums);
}

// kTiles tiles at a time from tile t on; returns the first tile left.
template <int kTiles, int kColumns>
int multiply_tiles(const Panel &panel, int t) {
  const int steps = (panel.cols + kStep - 1) / kStep;
  const int tiles = (panel.rows + kTile - 1) / kTile;
  const size_t stride = static_cast<size_t>(steps) * kStepBytes;
  for (; t + kTiles <= tiles; t += kTiles) {
    multiply_block<kTiles, kColumns>(panel.weights + static_cast<size_t>(t) * stride, stride, panel.x,
                                     panel.sums + t * kTile, steps);
  }
  return t;
}

template <int kTiles, int kColumns>
void multiply_columns(const Panel &panel) {
  int t = multiply_tiles<kTiles, kColumns>(panel, 0);
  if (kTiles > 4) t = multiply_tiles<4, kColumns>(panel, t);
  if (kTiles > 2) t = multiply_tiles<2, kColumns>(panel, t);
  multiply_tiles<1, kColumns>(panel, t);
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

// The next kCount blocks of a tile, each with sums of its own: chain 0, 1, ..
template <int kColumns, int kCount>
inline void multiply_blocks(Block<1, kColumns> *chains, const uint8_t *&weights, const uint16_t *&index, const uint8_t *x) {
#pragma GCC unroll 8
  for (int i = 0; i < kCount; ++i) {
    chains[i].multiply_step(weights + i * kStepBytes, 0, x + static_cast<size_t>(index[i]) * (kStep * kColumns));
  }
  weights += kCount * kStepBytes;
  index += kCount;
}

// Sums of one tile by kColumns columns. Blocks in turn have kChains sums of their own (1, 2 or 4), so that fewer of them wait
// for one another.
template <int kColumns, int kChains>
void multiply_sparse_columns(const SparsePanel &panel) {
  const uint8_t *weights = panel.weights;
  const uint16_t *index = panel.index;
  int32_t *sums = panel.sums;
  for (int tile = 0; tile < panel.tiles; ++tile, sums += kTile) {
    Block<1, kColumns> chains[kChains + 1];  // the last one stays zero
#pragma GCC unroll 8
    for (auto &chain : chains) chain.clear();
    const unsigned count = *index++;
    for (unsigned left = count / kChains; left > 0; --left) multiply_blocks<kColumns, kChains>(chains, weights, index, panel.x);
    if (kChains == 4 && (count & 2)) multiply_blocks<kColumns, kChains == 4 ? 2 : 1>(chains, weights, index, panel.x);
    if (kChains >= 2 && (count & 1)) multiply_blocks<kColumns, 1>(chains, weights, index, panel.x);
    if (kChains == 4) {
      chains[0].add_up(chains[kChains - 2]);
      chains[1].add_up(chains[kChains - 1]);
    }
    chains[0].store_with(chains[1], sums);
  }
}

// Chains for 1 .. 4 columns: as many as the registers hold.
template <int kOne, int kTwo, int kThree, int kFour>
void multiply_sparse(const SparsePanel &panel) {
  switch (panel.columns) {
    case 1: return multiply_sparse_columns<1, kOne>(panel);
    case 2: return multiply_sparse_columns<2, kTwo>(panel);
    case 3: return multiply_sparse_columns<3, kThree>(panel);
    default: return multiply_sparse_columns<4, kFour>(panel);
  }
}

}  // namespace
}  // namespace sk
