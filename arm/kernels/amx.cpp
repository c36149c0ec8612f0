// AMX: a tile of up to 16 rows by 64 bytes is a register. Columns are the rows of the left operand, weights the right
// one: 16 steps of four weights of 16 rows, as the other x86 kernels' weights lie. Worth its set-up from three columns.
#include <immintrin.h>
#include <string.h>

#include "internal.h"

namespace sk {
namespace {

constexpr int kTile = 16, kStep = 4, kStepBytes = kTile * kStep;
constexpr int kBlock = 64;                                // activations in a row of a tile
constexpr size_t kBlockBytes = kBlock / kStep * kStepBytes;  // their weights

// Tile registers; the intrinsics want literal numbers. 0 .. 3 hold sums of four tiles of rows.
#define SK_COLUMNS 4
#define SK_WEIGHTS 5
#define SK_LAST_COLUMNS 6  // what is left after the whole blocks
#define SK_LAST_WEIGHTS 7
constexpr int kTilesAtOnce = 4;

struct alignas(64) Configuration {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  void set(int tile, int tile_rows, int bytes) {
    rows[tile] = static_cast<uint8_t>(tile_rows);
    row_bytes[tile] = static_cast<uint16_t>(bytes);
  }
};

void configure(int columns, int last) {
  Configuration configuration;
  for (int tile = 0; tile < kTilesAtOnce; ++tile) configuration.set(tile, columns, kTile * 4);
  configuration.set(SK_COLUMNS, columns, kBlock);
  configuration.set(SK_WEIGHTS, kBlock / kStep, kStepBytes);
  if (last) {
    configuration.set(SK_LAST_COLUMNS, columns, last);
    configuration.set(SK_LAST_WEIGHTS, last / kStep, kStepBytes);
  }
  _tile_loadconfig(&configuration);
}

struct Operands {
  const uint8_t *weights;
  size_t tile_bytes;
  const uint8_t *x;
  ptrdiff_t column, block;
  int blocks, last;
};

// Do something with the tile registers of the sums that are in use.
#define SK_EACH(action)          \
  action(0);                     \
  if (kTiles > 1) { action(1); } \
  if (kTiles > 2) { action(2); } \
  if (kTiles > 3) { action(3); }
#define SK_ZERO(i) _tile_zero(i)
#define SK_MULTIPLY(i)                                              \
  _tile_loadd(SK_WEIGHTS, w + (i) * in.tile_bytes, kStepBytes);     \
  _tile_dpbssd(i, SK_COLUMNS, SK_WEIGHTS)
#define SK_MULTIPLY_LAST(i)                                          \
  _tile_loadd(SK_LAST_WEIGHTS, w + (i) * in.tile_bytes, kStepBytes); \
  _tile_dpbssd(i, SK_LAST_COLUMNS, SK_LAST_WEIGHTS)
#define SK_STORE(i) _tile_stored(i, sums + (i) * kTile, kPanelRows * sizeof(int32_t))

template <int kTiles>
void multiply_block(const Operands &in, int32_t *sums) {
  SK_EACH(SK_ZERO)
  const uint8_t *w = in.weights, *x = in.x;
  for (int k = 0; k < in.blocks; ++k, w += kBlockBytes, x += in.block) {
    _tile_loadd(SK_COLUMNS, x, in.column);
    SK_EACH(SK_MULTIPLY)
  }
  if (in.last) {
    _tile_loadd(SK_LAST_COLUMNS, x, in.column);
    SK_EACH(SK_MULTIPLY_LAST)
  }
  SK_EACH(SK_STORE)
}

void multiply(const Panel &panel) {
  const int steps = (panel.cols + kStep - 1) / kStep;
  const int blocks = steps * kStep / kBlock, last = steps * kStep % kBlock;
  Operands in{panel.weights, static_cast<size_t>(steps) * kStepBytes, panel.x, panel.column, panel.block, blocks, last};
  configure(panel.columns, last);
  const int tiles = (panel.rows + kTile - 1) / kTile;
  int32_t *sums = panel.sums;
  int t = 0;
  for (; t + kTilesAtOnce <= tiles; t += kTilesAtOnce) {
    multiply_block<kTilesAtOnce>(in, sums);
    in.weights += kTilesAtOnce * in.tile_bytes;
    sums += kTilesAtOnce * kTile;
  }
  switch (tiles - t) {
    case 3: multiply_block<3>(in, sums); break;
    case 2: multiply_block<2>(in, sums); break;
    case 1: multiply_block<1>(in, sums); break;
  }
  _tile_release();
}

}  // namespace

const sk_kernels kAmx = {"amx", kNeeds, {kTile, kTile, kStep}, {kBlock, 1, 0, kMaxColumns, true}, multiply, &kVectorAvx512};

}  // namespace sk
