// Hands the rows of a panel to the kernels of dot.inc: pairs of 16-row tiles where there is a kernel for them, single
// tiles, and the last tile's quads of rows.
#ifndef SCHATTEN_KERNELS_DOT_TILES_H
#define SCHATTEN_KERNELS_DOT_TILES_H

#include "internal.h"

namespace sk {
namespace {

using Kernel = void(const uint8_t *weights, const uint8_t *x, int32_t *sums, size_t blocks, size_t tiles,
                    size_t sums_stride, size_t steps, size_t tile_bytes);

struct Kernels {
  Kernel *pair;      // two tiles at once, or nullptr
  Kernel *quads[5];  // quads[q]: 4 q rows
};

constexpr int kTile = 16;

// Nibbles lie in pairs of quads: the last rows are eight or sixteen, filled up with rows of zeros.
constexpr int kNibbleRows = 8;

constexpr Kernels nibble_kernels(Kernel *pair, Kernel *eight, Kernel *sixteen) {
  return {pair, {nullptr, eight, eight, sixteen, sixteen}};
}

// row_bytes: packed bytes of a row; blocks: iterations of the loop; steps: what is left after them.
inline void multiply_tiles(const Kernels &kernels, const Panel &panel, size_t row_bytes, size_t blocks, size_t steps) {
  const size_t tile_bytes = kTile * row_bytes;
  const size_t stride = kPanelRows * sizeof(int32_t);
  const uint8_t *weights = panel.weights;
  int32_t *sums = panel.sums;
  const auto run = [&](Kernel *kernel, int count, int rows) {
    if (count == 0) return;
    kernel(weights, panel.x, sums, blocks, static_cast<size_t>(count), stride, steps, tile_bytes);
    weights += static_cast<size_t>(count * rows) * row_bytes;
    sums += count * rows;
  };
  const int quads = (panel.rows + 3) / 4;  // the last one filled up with rows of zeros
  int tiles = quads / 4;
  if (kernels.pair) {
    run(kernels.pair, tiles / 2, 2 * kTile);
    tiles %= 2;
  }
  run(kernels.quads[4], tiles, kTile);
  if (quads % 4) run(kernels.quads[quads % 4], 1, quads % 4 * 4);
}

}  // namespace
}  // namespace sk
#endif
