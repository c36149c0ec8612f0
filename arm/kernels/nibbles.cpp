// Packs matrices of 4 bits: pairs of pieces of the 8-bit layout become one, see NibbleKernels. Runs once per matrix.
#include "internal.h"

namespace sk {
namespace {

// The kernels have 16 A + B of two rows in a lane of 32 bits: 119 * 128 * kMostColumns < 2^31.
constexpr int kMostColumns = 1 << 17;

// Two weights in a byte, the first one in the low half.
struct Nibbles {
  const uint8_t *data;
  ptrdiff_t stride;
  int rows, cols;

  // Weight (m, k) of the matrix.
  int inside(int m, int k) const {
    const int byte = data[m * stride + k / 2];
    return (((k % 2 ? byte >> 4 : byte & 15) ^ 8)) - 8;
  }
  // 0 outside of it.
  int at(int m, int k) const { return m < rows && k < cols ? inside(m, k) : 0; }
};

// Whether no weight is -8.
bool sum_rows(const Nibbles &source, int32_t *sums) {
  for (int m = 0; m < source.rows; ++m) {
    int32_t sum = 0;
    bool lowest = false;
    for (int k = 0; k < source.cols; ++k) {
      const int weight = source.inside(m, k);
      sum += weight;
      lowest |= weight == -8;
    }
    if (lowest) return false;
    sums[m] = sum;
  }
  return true;
}

template <int kBlock, int kUnit>
void reorder(const Nibbles &source, const Layout &layout, uint8_t *out) {
  for (int tile = 0; tile < source.rows; tile += layout.tile_rows) {
    const int left = source.rows - tile, count = left < layout.tile_rows ? left : layout.tile_rows;
    const int weights = round_up(count, layout.row_step) * kBlock;
    for (int block = 0; block < source.cols; block += kBlock) {
      // Piece by piece: weight i of the block is in row i / kBlock, column i % kBlock.
      for (int piece = 0; piece < weights; piece += 2 * kUnit) {
        for (int i = piece; i < piece + kUnit; ++i) {
          const auto weight = [&](int index) { return source.at(tile + index / kBlock, block + index % kBlock); };
          *out++ = static_cast<uint8_t>(16 * weight(i) + weight(i + kUnit));
        }
      }
    }
  }
}

void reorder(const Nibbles &source, const NibbleKernels &kernels, uint8_t *out) {
  switch (kernels.layout.block) {
    case 16: return reorder<16, 16>(source, kernels.layout, out);
    case 8: return reorder<8, 16>(source, kernels.layout, out);
    case 4: return reorder<4, 16>(source, kernels.layout, out);
    default: return reorder<1, 1>(source, kernels.layout, out);
  }
}

}  // namespace
}  // namespace sk

using namespace sk;

int sk_has_nibbles(const sk_kernels *kernels) { return kernels->nibbles != nullptr; }

size_t sk_packed_bytes_nibbles(const sk_kernels *kernels, int rows, int cols) {
  const Layout &layout = kernels->nibbles->layout;
  const size_t weights = static_cast<size_t>(round_up(rows, layout.row_step)) *
                         static_cast<size_t>(round_up(cols, layout.block));
  return sums_bytes(rows) + (weights / 2 + 3) / 4 * 4;  // as for 8 bits: memory that ends at its last byte is aligned
}

sk_status sk_pack_nibbles(const sk_kernels *kernels, int rows, int cols, const uint8_t *w, ptrdiff_t stride, void *memory,
                          sk_matrix *matrix) {
  if (rows < 1 || cols < 1 || cols > kMostColumns) return SK_BAD_SIZE;
  const Nibbles source{w, stride, rows, cols};
  int32_t *sums = static_cast<int32_t *>(memory);
  if (!sum_rows(source, sums)) return SK_BAD_NIBBLE;
  uint8_t *weights = static_cast<uint8_t *>(memory) + sums_bytes(rows);
  reorder(source, *kernels->nibbles, weights);
  *matrix = {kernels, rows, cols, sums, weights, 0, nullptr, nullptr, 1};
  return SK_OK;
}
