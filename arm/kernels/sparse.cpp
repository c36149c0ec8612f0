// Sparse matrices: packs blocks in the order that a kernel reads, checks them, and packs columns. Plain C++: weights are
// packed once, and a column is short beside the rows that read it.
#include <string.h>

#include "internal.h"

namespace sk {
namespace {

constexpr size_t kAlign = 64;
constexpr int kPanelTiles = kPanelRows / kSparseRows;

size_t round_up_bytes(size_t size, size_t step) { return (size + step - 1) / step * step; }

int tiles_of(int rows) { return (rows + kSparseRows - 1) / kSparseRows; }
int steps_of(int cols) { return (cols + kSparseStep - 1) / kSparseStep; }
int panels_of(int rows) { return (rows + kPanelRows - 1) / kPanelRows; }

bool is_stored(const uint8_t *bitmap, int step) { return (bitmap[step / 8] >> (step % 8)) & 1; }

// Where the parts of a packed matrix lie, in bytes from its start: sums of rows, starts, index, weights. `units` are what
// the index counts: blocks, or pairs of them.
struct Parts {
  size_t starts, index, weights, end;
};

Parts parts_of(const SparseKernels &kernels, int rows, size_t units) {
  Parts parts;
  parts.starts = static_cast<size_t>(rows) * sizeof(int32_t);
  parts.index = parts.starts + static_cast<size_t>(panels_of(rows)) * sizeof(int32_t);
  const size_t entries = units * index_entries(kernels) + static_cast<size_t>(tiles_of(rows));
  parts.weights = round_up_bytes(parts.index + entries * sizeof(uint16_t), kAlign);
  parts.end = parts.weights + units * block_bytes(kernels);
  return parts;
}

// A block of 16 rows by four weights, row after row, as the kernels read it. `first`: of a pair, whether it is the first.
void reorder_block(SparseKernels::Order order, const uint8_t *block, bool first, uint8_t *out) {
  for (int row = 0; row < kSparseRows; ++row, block += kSparseStep) {
    switch (order) {
      case SparseKernels::kRows: memcpy(out + row * kSparseStep, block, kSparseStep); break;
      case SparseKernels::kHalves: {
        uint8_t *at = out + row / 4 * 16 + row % 4 * 2;
        memcpy(at, block, 2);
        memcpy(at + 8, block + 2, 2);
        break;
      }
      case SparseKernels::kPairs: memcpy(out + row * 8 + (first ? 0 : 4), block, kSparseStep); break;
    }
  }
}

// Whether a block has a weight outside of a matrix that has so many rows and columns left.
bool is_cut(const int8_t *block, int rows, int cols) {
  for (int row = 0; row < kSparseRows; ++row) {
    for (int k = 0; k < kSparseStep; ++k) {
      if (block[row * kSparseStep + k] != 0 && (row >= rows || k >= cols)) return true;
    }
  }
  return false;
}

// Adds a block's weights to the sums of its rows. Plain loops over bytes, for the compiler to make vectors of.
sk_status add_sums(const int8_t *block, int rows, int cols, int32_t *sums) {
  uint8_t lowest = 0;
  for (int i = 0; i < kSparseBlock; ++i) lowest |= block[i] == -128;
  if (lowest) return SK_BAD_WEIGHT;
  if ((rows < kSparseRows || cols < kSparseStep) && is_cut(block, rows, cols)) return SK_BAD_BLOCKS;
  for (int row = 0; row < kSparseRows && row < rows; ++row, block += kSparseStep) {
    sums[row] += block[0] + block[1] + block[2] + block[3];
  }
  return SK_OK;
}

// How many units of the index hold the blocks of each tile, in all.
size_t units_of(const SparseKernels &kernels, int rows, int cols, const uint8_t *bitmap) {
  const int steps = steps_of(cols), tile_bytes = (steps + 7) / 8;
  const size_t entries = index_entries(kernels);
  size_t units = 0;
  for (int tile = 0; tile < tiles_of(rows); ++tile, bitmap += tile_bytes) {
    size_t count = 0;
    for (int step = 0; step < steps; ++step) count += is_stored(bitmap, step);
    units += (count + entries - 1) / entries;
  }
  return units;
}

// Writes one tile; returns its blocks' count, or a negated status.
int pack_tile(const SparseKernels &kernels, int rows, int cols, const int8_t *blocks, const uint8_t *bitmap, int32_t *sums,
              uint16_t *index, uint8_t *weights) {
  const int steps = steps_of(cols);
  int count = 0;
  for (int step = 0; step < steps; ++step) {
    if (!is_stored(bitmap, step)) continue;
    const sk_status status = add_sums(blocks, rows, cols - step * kSparseStep, sums);
    if (status != SK_OK) return -static_cast<int>(status);
    const bool first = kernels.order != SparseKernels::kPairs || count % 2 == 0;
    reorder_block(kernels.order, reinterpret_cast<const uint8_t *>(blocks), first, weights);
    if (kernels.order != SparseKernels::kPairs || !first) weights += block_bytes(kernels);
    index[1 + count++] = static_cast<uint16_t>(step);
    blocks += kSparseBlock;
  }
  return count;
}

template <bool kFlip, bool kWide>
void pack_column(const uint8_t *in, int cols, ptrdiff_t pitch, uint8_t *out) {
  const auto put = [](const uint8_t *step, uint8_t *to) {
    typedef uint16_t Halves __attribute__((vector_size(16)));
    uint32_t four;
    memcpy(&four, step, sizeof four);
    if (kFlip) four ^= 0x80808080u;
    if (!kWide) {
      memcpy(to, &four, sizeof four);
      return;
    }
    // Little-endian, as every CPU is that has the kernels which want this.
    const uint16_t low = static_cast<uint16_t>(four), high = static_cast<uint16_t>(four >> 16);
    const Halves halves = {low, low, low, low, high, high, high, high};
    memcpy(to, &halves, sizeof halves);
  };
  int k = 0;
#pragma GCC unroll 8
  for (; k + kSparseStep <= cols; k += kSparseStep, in += kSparseStep, out += pitch) put(in, out);
  if (k == cols) return;
  uint8_t last[kSparseStep] = {};  // what fills it up meets zero weights
  memcpy(last, in, static_cast<size_t>(cols - k));
  put(last, out);
}

}  // namespace

void pack_sparse_column(const SparseKernels &kernels, const uint8_t *in, int cols, uint8_t flip, ptrdiff_t pitch, uint8_t *out) {
  const bool is_wide = kernels.step_bytes != kSparseStep;
  const auto pack = flip ? (is_wide ? pack_column<true, true> : pack_column<true, false>)
                         : (is_wide ? pack_column<false, true> : pack_column<false, false>);
  pack(in, cols, pitch, out);
}

}  // namespace sk

using namespace sk;

int sk_sparse_pays(const sk_kernels *kernels, double density, int columns) {
  return kernels->sparse != nullptr && density < static_cast<double>(kernels->sparse->densest[columns > 1]);
}

long sk_count_blocks(int rows, int cols, const uint8_t *bitmap) {
  const int steps = steps_of(cols), tile_bytes = (steps + 7) / 8;
  long count = 0;
  for (int tile = 0; tile < tiles_of(rows); ++tile, bitmap += tile_bytes) {
    for (int step = 0; step < 8 * tile_bytes; ++step) {
      if (!is_stored(bitmap, step)) continue;
      if (step >= steps) return -1;
      ++count;
    }
  }
  return count;
}

size_t sk_packed_bytes_sparse(const sk_kernels *kernels, int rows, int cols, const uint8_t *bitmap) {
  return parts_of(*kernels->sparse, rows, units_of(*kernels->sparse, rows, cols, bitmap)).end;
}

sk_status sk_pack_sparse(const sk_kernels *kernels, int rows, int cols, const int8_t *blocks, const uint8_t *bitmap,
                         void *memory, sk_matrix *matrix) {
  if (rows < 1 || cols < 1 || cols > UINT16_MAX * kSparseStep) return SK_BAD_SIZE;
  const SparseKernels &sparse = *kernels->sparse;
  if (sk_count_blocks(rows, cols, bitmap) < 0) return SK_BAD_BLOCKS;
  const Parts parts = parts_of(sparse, rows, units_of(sparse, rows, cols, bitmap));
  uint8_t *bytes = static_cast<uint8_t *>(memory);
  int32_t *sums = static_cast<int32_t *>(memory), *starts = reinterpret_cast<int32_t *>(bytes + parts.starts);
  uint16_t *const index = reinterpret_cast<uint16_t *>(bytes + parts.index), *next = index;
  memset(bytes, 0, parts.end);
  const size_t entries = index_entries(sparse);
  const int tile_bytes = (steps_of(cols) + 7) / 8;
  size_t units = 0;
  for (int tile = 0; tile < tiles_of(rows); ++tile, bitmap += tile_bytes) {
    if (tile % kPanelTiles == 0) starts[tile / kPanelTiles] = static_cast<int32_t>(units);
    const int row = tile * kSparseRows;
    uint8_t *weights = bytes + parts.weights + units * block_bytes(sparse);
    const int count = pack_tile(sparse, rows - row, cols, blocks, bitmap, sums + row, next, weights);
    if (count < 0) return static_cast<sk_status>(-count);
    blocks += static_cast<ptrdiff_t>(count) * kSparseBlock;
    const size_t filled = (static_cast<size_t>(count) + entries - 1) / entries;
    next[0] = static_cast<uint16_t>(filled);
    next += 1 + filled * entries;
    units += filled;
  }
  *matrix = {kernels, rows, cols, sums, bytes + parts.weights, 0, index, starts, 0};
  return SK_OK;
}

void sk_fill_sparse(int rows, int cols, const int8_t *blocks, const uint8_t *bitmap, int8_t *w) {
  const int steps = steps_of(cols), tile_bytes = (steps + 7) / 8;
  memset(w, 0, static_cast<size_t>(rows) * static_cast<size_t>(cols));
  for (int tile = 0; tile < tiles_of(rows); ++tile, bitmap += tile_bytes) {
    for (int step = 0; step < steps; ++step) {
      if (!is_stored(bitmap, step)) continue;
      for (int row = tile * kSparseRows; row < (tile + 1) * kSparseRows && row < rows; ++row) {
        const int left = cols - step * kSparseStep < kSparseStep ? cols - step * kSparseStep : kSparseStep;
        memcpy(w + static_cast<ptrdiff_t>(row) * cols + step * kSparseStep,
               blocks + (row % kSparseRows) * kSparseStep, static_cast<size_t>(left));
      }
      blocks += kSparseBlock;
    }
  }
}
