// Packs weights into the order that a kernel reads, and checks their range. Runs once per matrix, so it is plain C++.
#include <string.h>

#include "internal.h"

namespace sk {
namespace {

// Weight (m, k) of the source as a signed byte; 0 outside the matrix.
struct Source {
  const uint8_t *data;
  ptrdiff_t stride;
  int rows, cols;
  uint8_t flip;
  int8_t at(int m, int k) const {
    return m < rows && k < cols ? static_cast<int8_t>(data[m * stride + k] ^ flip) : static_cast<int8_t>(0);
  }
};

// Whether no weight is -128. Two plain loops over bytes, for the compiler to make vectors of.
bool sum_rows(const Source &source, int32_t *sums) {
  for (int m = 0; m < source.rows; ++m) {
    const uint8_t *row = source.data + m * source.stride;
    int32_t sum = 0;
    uint8_t lowest = 0;
    for (int k = 0; k < source.cols; ++k) sum += static_cast<int8_t>(row[k] ^ source.flip);
    for (int k = 0; k < source.cols; ++k) lowest |= (row[k] ^ source.flip) == 0x80;
    if (lowest) return false;
    sums[m] = sum;
  }
  return true;
}

// The blocks of one tile, `count` rows of it in the source.
template <int kBlock>
uint8_t *reorder_tile(const Source &source, int tile, int rows, int count, uint8_t *out) {
  typedef uint8_t Block __attribute__((vector_size(kBlock)));
  int block = 0;
  for (; block + kBlock <= source.cols; block += kBlock) {
    const uint8_t *from = source.data + tile * source.stride + block;
    for (int m = 0; m < count; ++m, from += source.stride, out += kBlock) {
      Block weights;
      memcpy(&weights, from, kBlock);
      weights ^= source.flip;
      memcpy(out, &weights, kBlock);
    }
    memset(out, 0, static_cast<size_t>(rows - count) * kBlock);
    out += (rows - count) * kBlock;
  }
  if (block == source.cols) return out;
  for (int m = tile; m < tile + rows; ++m) {
    for (int k = block; k < block + kBlock; ++k) *out++ = static_cast<uint8_t>(source.at(m, k));
  }
  return out;
}

template <int kBlock>
void reorder_blocks(const Source &source, const Layout &layout, uint8_t *out) {
  for (int tile = 0; tile < source.rows; tile += layout.tile_rows) {
    const int left = source.rows - tile, count = left < layout.tile_rows ? left : layout.tile_rows;
    out = reorder_tile<kBlock>(source, tile, round_up(count, layout.row_step), count, out);
  }
}

void reorder(const Source &source, const Layout &layout, uint8_t *out) {
  switch (layout.block) {
    case 16: return reorder_blocks<16>(source, layout, out);
    case 8: return reorder_blocks<8>(source, layout, out);
    case 4: return reorder_blocks<4>(source, layout, out);
    default: return reorder_blocks<1>(source, layout, out);
  }
}

sk_status pack(const sk_kernels *kernels, const Source &source, int32_t weight_offset, void *memory,
               sk_matrix *matrix) {
  if (source.rows < 1 || source.cols < 1) return SK_BAD_SIZE;
  uint8_t *bytes = static_cast<uint8_t *>(memory);
  int32_t *sums = static_cast<int32_t *>(memory);
  if (!sum_rows(source, sums)) return SK_BAD_WEIGHT;
  uint8_t *weights = bytes + sums_bytes(source.rows);
  reorder(source, kernels->layout, weights);
  *matrix = {kernels, source.rows, source.cols, sums, weights, weight_offset, nullptr, nullptr, 0};
  return SK_OK;
}

}  // namespace
}  // namespace sk

using namespace sk;

size_t sk_packed_bytes(const sk_kernels *kernels, int rows, int cols) {
  const Layout &layout = kernels->layout;
  const size_t weights = static_cast<size_t>(round_up(rows, layout.row_step)) *
                         static_cast<size_t>(round_up(cols, layout.block));
  return sums_bytes(rows) + (weights + sizeof(int32_t) - 1) / sizeof(int32_t) * sizeof(int32_t);
}

sk_status sk_pack(const sk_kernels *kernels, int rows, int cols, const int8_t *w, ptrdiff_t stride, void *memory,
                  sk_matrix *matrix) {
  return pack(kernels, {reinterpret_cast<const uint8_t *>(w), stride, rows, cols, 0}, 0, memory, matrix);
}

sk_status sk_pack_u8(const sk_kernels *kernels, int rows, int cols, const uint8_t *w, ptrdiff_t stride, int zero_point,
                     void *memory, sk_matrix *matrix) {
  if (zero_point < 0 || zero_point > 255) return SK_BAD_ZERO_POINT;
  return pack(kernels, {w, stride, rows, cols, 0x80}, 128 - zero_point, memory, matrix);
}

size_t sk_packed_floats(int rows, int cols) {
  return static_cast<size_t>(round_up(rows, kFloatTile)) * static_cast<size_t>(cols);
}

int sk_pack_floats(int rows, int cols, const void *w, float *packed) {
  typedef uint32_t Bits __attribute__((vector_size(16)));
  const uint8_t *bytes = static_cast<const uint8_t *>(w);
  const size_t pitch = static_cast<size_t>(cols) * sizeof(float);
  Bits unsound{};  // all ones in a lane that met an infinity or a NaN: their exponent is all ones
  for (int tile = 0; tile < rows; tile += kFloatTile) {
    const int count = rows - tile < kFloatTile ? rows - tile : kFloatTile;
    const uint8_t *rows_of_tile = bytes + static_cast<size_t>(tile) * pitch;
    for (int k = 0; k < cols; ++k, packed += kFloatTile) {
      const uint8_t *from = rows_of_tile + static_cast<size_t>(k) * sizeof(float);
      for (int m = 0; m < count; ++m, from += pitch) memcpy(packed + m, from, sizeof(float));
      for (int m = count; m < kFloatTile; ++m) packed[m] = 0;
      for (int m = 0; m < kFloatTile; m += 4) {
        Bits bits;
        memcpy(&bits, packed + m, sizeof bits);
        unsound |= (Bits)((bits & 0x7f800000u) == 0x7f800000u);
      }
    }
  }
  return (unsound[0] | unsound[1] | unsound[2] | unsound[3]) == 0;
}

const char *sk_message(sk_status status) {
  switch (status) {
    case SK_OK: return "all is well";
    case SK_BAD_WEIGHT:
      return "a weight is -128 (unsigned: 0), but the kernels take -127..127 (1..255): quantize to 127 levels a side";
    case SK_BAD_SIZE: return "a matrix needs a row and a column, and at most the columns that its form allows";
    case SK_BAD_BLOCKS: return "the index of blocks does not fit the matrix, or a block holds weights outside of it";
    case SK_BAD_NIBBLE: return "a weight of 4 bits is -8, but the kernels take -7..7";
    case SK_BAD_ZERO_POINT: return "the zero point of unsigned weights must lie in 0..255";
  }
  return "unknown status";
}
