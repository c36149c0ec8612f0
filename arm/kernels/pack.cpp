// Packs weights into the order that a kernel reads, and checks their range. Runs once per matrix, so it is plain C++.
#include <string.h>

#include "internal.h"

namespace sk {
namespace {

constexpr size_t kAlign = 64;

size_t sums_bytes(int rows) { return (static_cast<size_t>(rows) * sizeof(int32_t) + kAlign - 1) / kAlign * kAlign; }

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

bool sum_rows(const Source &source, int32_t *sums) {
  for (int m = 0; m < source.rows; ++m) {
    int32_t sum = 0;
    for (int k = 0; k < source.cols; ++k) {
      const int8_t weight = source.at(m, k);
      if (weight == -128) return false;
      sum += weight;
    }
    sums[m] = sum;
  }
  return true;
}

void reorder(const Source &source, const Layout &layout, uint8_t *out) {
  for (int tile = 0; tile < source.rows; tile += layout.tile_rows) {
    const int left = source.rows - tile;
    const int rows = left < layout.tile_rows ? round_up(left, layout.row_step) : layout.tile_rows;
    for (int block = 0; block < source.cols; block += layout.block) {
      for (int m = tile; m < tile + rows; ++m) {
        for (int k = block; k < block + layout.block; ++k) *out++ = static_cast<uint8_t>(source.at(m, k));
      }
    }
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
  *matrix = {kernels, source.rows, source.cols, sums, weights, weight_offset};
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

const char *sk_message(sk_status status) {
  switch (status) {
    case SK_OK: return "all is well";
    case SK_BAD_WEIGHT:
      return "a weight is -128 (unsigned: 0), but the kernels take -127..127 (1..255): quantize to 127 levels a side";
    case SK_BAD_SIZE: return "a matrix needs at least one row and one column";
    case SK_BAD_ZERO_POINT: return "the zero point of unsigned weights must lie in 0..255";
  }
  return "unknown status";
}
