// The shared driver of a product: packs the columns, runs a kernel over panels of rows, corrects for zero points and
// hands the sums to the output stage. It holds no arithmetic of its own and is compiled for the plainest CPU.
#include <string.h>

#include "internal.h"

namespace sk {
namespace {

// Columns packed at once; more of them run batch by batch.
constexpr int kBatch = kMaxColumns;

// The columns of a pass, packed, and the terms that zero points add to each column's sums.
struct Group {
  const uint8_t *x;
  ptrdiff_t column, block;  // as in Panel
  int first, columns;
  int32_t factor[kMaxColumns], constant[kMaxColumns];
  bool correct;
};

// Copies kCount blocks of kBlock bytes to places `pitch` apart; all are read before any is written, so that loads can be
// paired. Stored as activation + 128 (or back) where kFlip. Returns where the next block goes.
template <int kBlock, bool kFlip, int kCount>
inline uint8_t *pack_blocks(uint8_t *out, const uint8_t *in, ptrdiff_t pitch) {
  typedef uint8_t Block __attribute__((vector_size(kBlock)));
  Block blocks[kCount];
#pragma GCC unroll 8
  for (int i = 0; i < kCount; ++i) memcpy(&blocks[i], in + i * kBlock, kBlock);
#pragma GCC unroll 8
  for (int i = 0; i < kCount; ++i) {
    if (kFlip) blocks[i] ^= 0x80;
    memcpy(out, &blocks[i], kBlock);
    out += pitch;
  }
  return out;
}

// Packs one column: block b goes to out + b * pitch. What fills up the last one is of no matter: it meets zero weights.
template <int kBlock, bool kFlip>
void pack_column(uint8_t *out, const uint8_t *in, int count, ptrdiff_t pitch) {
  constexpr int kCount = 8;
  int left = count;
  for (; left >= kCount * kBlock; left -= kCount * kBlock, in += kCount * kBlock) {
    out = pack_blocks<kBlock, kFlip, kCount>(out, in, pitch);
  }
  for (; left >= kBlock; left -= kBlock, in += kBlock) out = pack_blocks<kBlock, kFlip, 1>(out, in, pitch);
  if (left <= 0) return;
  uint8_t last[kBlock] = {};
  memcpy(last, in, static_cast<size_t>(left));
  pack_blocks<kBlock, kFlip, 1>(out, last, pitch);
}

using PackColumn = void (*)(uint8_t *out, const uint8_t *in, int count, ptrdiff_t pitch);

template <bool kFlip>
PackColumn column_packer(int block) {
  switch (block) {
    case 64: return pack_column<64, kFlip>;
    case 16: return pack_column<16, kFlip>;
    case 8: return pack_column<8, kFlip>;
    case 4: return pack_column<4, kFlip>;
    default: return pack_column<1, kFlip>;
  }
}

size_t dense_columns_bytes(const sk_kernels &kernels, int cols, int columns) {
  const ColumnLayout &layout = kernels.column_layout;
  return static_cast<size_t>(round_up(columns, layout.column_step)) * static_cast<size_t>(round_up(cols, layout.block));
}

size_t sparse_columns_bytes(const sk_matrix &matrix, int columns) {
  const SparseKernels &kernels = *matrix.kernels->sparse;
  const int slots = columns > 0 ? kernels.slots[columns - 1] : 0, steps = (matrix.cols + kSparseStep - 1) / kSparseStep;
  return static_cast<size_t>(steps) * static_cast<size_t>(slots * kernels.step_bytes);
}

size_t packed_columns_bytes(const sk_matrix &matrix, int columns) {
  return matrix.index ? sparse_columns_bytes(matrix, columns) : dense_columns_bytes(*matrix.kernels, matrix.cols, columns);
}

// Columns that one pass over the weights serves.
int columns_of_pass(const sk_matrix &matrix) { return matrix.index ? kVectorColumns : matrix.kernels->column_layout.pass; }

// Sum of a column's activations as the weights meet them: unsigned ones less 128.
int32_t column_sum(const uint8_t *in, int count, uint8_t to_signed) {
  int32_t sum = 0;
  for (int k = 0; k < count; ++k) sum += static_cast<int8_t>(in[k] ^ to_signed);
  return sum;
}

// The columns of a pass over a sparse matrix.
void pack_sparse_columns(const sk_matrix &matrix, const sk_columns &x, uint8_t *scratch, Group *group) {
  const SparseKernels &kernels = *matrix.kernels->sparse;
  const int slots = kernels.slots[group->columns - 1];
  const uint8_t flip = static_cast<uint8_t>(kernels.flip ^ (x.is_unsigned ? 0x80 : 0));
  // A single column of whole steps lies right as it is.
  const bool packed = slots == 1 && flip == 0 && kernels.step_bytes == kSparseStep && matrix.cols % kSparseStep == 0;
  group->x = packed ? static_cast<const uint8_t *>(x.data) + group->first * x.stride : scratch;
  if (slots != group->columns) memset(scratch, 0, sparse_columns_bytes(matrix, group->columns));
  for (int n = 0; n < group->columns; ++n) {
    const uint8_t *in = static_cast<const uint8_t *>(x.data) + (group->first + n) * x.stride;
    if (!packed) pack_sparse_column(kernels, in, matrix.cols, flip, slots * kernels.step_bytes, scratch + n * kernels.step_bytes);
    group->factor[n] = (x.is_unsigned ? 128 : 0) - x.zero_point - (kernels.flip ? 128 : 0);
  }
  group->correct = group->factor[0] != 0;
}

void pack_columns(const sk_matrix &matrix, const sk_columns &x, uint8_t *scratch, Group *group) {
  const ColumnLayout &layout = matrix.kernels->column_layout;
  const uint8_t to_signed = x.is_unsigned ? 0x80 : 0;
  const int slots = round_up(group->columns, layout.column_step);
  const int pitch = slots * layout.block;
  const int32_t offset = (x.is_unsigned ? 128 : 0) - x.zero_point;
  if (slots != group->columns) memset(scratch, 0, dense_columns_bytes(*matrix.kernels, matrix.cols, slots));
  // A single column of whole blocks lies right as it is.
  const PackColumn pack = (layout.flip == to_signed ? column_packer<false> : column_packer<true>)(layout.block);
  const bool packed = layout.flip == to_signed && (layout.strided ? matrix.cols % 4 == 0
                                                                  : slots == 1 && matrix.cols % layout.block == 0);
  group->x = packed ? static_cast<const uint8_t *>(x.data) + group->first * x.stride : scratch;
  group->column = packed ? x.stride : layout.block;
  group->block = packed ? layout.block : pitch;
  for (int n = 0; n < group->columns; ++n) {
    const uint8_t *in = static_cast<const uint8_t *>(x.data) + (group->first + n) * x.stride;
    if (!packed) pack(scratch + n * layout.block, in, matrix.cols, pitch);
    group->factor[n] = offset - (layout.flip ? 128 : 0);
    if (matrix.weight_offset == 0) continue;
    const int32_t sum = column_sum(in, matrix.cols, to_signed) + matrix.cols * offset;
    group->constant[n] = static_cast<int32_t>(static_cast<uint32_t>(matrix.weight_offset) * static_cast<uint32_t>(sum));
  }
  group->correct = group->factor[0] != 0 || matrix.weight_offset != 0;
}

// Packs up to kBatch columns from `first` on; returns the number of groups.
int pack_batch(const sk_matrix &matrix, const sk_columns &x, int first, uint8_t *scratch, Group *groups) {
  const int pass = columns_of_pass(matrix);
  int count = 0;
  for (int n = first; n < x.count && n < first + kBatch; n += pass) {
    Group &group = groups[count++];
    group = {};
    group.first = n;
    group.columns = x.count - n < pass ? x.count - n : pass;
    (matrix.index ? pack_sparse_columns : pack_columns)(matrix, x, scratch, &group);
    scratch += packed_columns_bytes(matrix, group.columns);
  }
  return count;
}

// The sums of one panel of rows, for one group of columns.
void multiply_panel(const sk_matrix &matrix, int panel, int rows, const Group &group, int32_t *sums) {
  const sk_kernels &kernels = *matrix.kernels;
  if (matrix.index) {
    constexpr int kTiles = kPanelRows / kSparseRows;
    const size_t start = static_cast<size_t>(matrix.starts[panel]);
    const uint16_t *index = matrix.index + start * index_entries(*kernels.sparse) + panel * kTiles;
    kernels.sparse->multiply({matrix.weights + start * block_bytes(*kernels.sparse), index, group.x, sums,
                              (rows + kSparseRows - 1) / kSparseRows, group.columns});
    return;
  }
  const Layout &layout = matrix.nibbles ? kernels.nibbles->layout : kernels.layout;
  const size_t panel_weights = static_cast<size_t>(kPanelRows) * static_cast<size_t>(round_up(matrix.cols, layout.block));
  const uint8_t *weights = matrix.weights + static_cast<size_t>(panel) * panel_weights / (matrix.nibbles ? 2 : 1);
  const auto multiply = matrix.nibbles ? kernels.nibbles->multiply : kernels.multiply;
  multiply({weights, group.x, group.column, group.block, sums, rows, matrix.cols, group.columns});
}

// Runs a product; finish(sums, group, first_row, rows) takes the exact sums of a panel, the panels from the last to the
// first where x is `backwards`. The groups of a batch share a panel's weights while they are in the cache.
template <class Finish>
void run(const sk_matrix &matrix, const sk_columns &x, uint8_t *scratch, const Finish &finish) {
  alignas(64) int32_t sums[kMaxColumns * kPanelRows];
  const int panels = (matrix.rows + kPanelRows - 1) / kPanelRows;
  for (int first = 0; first < x.count; first += kBatch) {
    Group groups[kBatch / kVectorColumns];
    const int count = pack_batch(matrix, x, first, scratch, groups);
    for (int panel = 0; panel < panels; ++panel) {
      const int turn = x.backwards ? panels - 1 - panel : panel, row = turn * kPanelRows;
      const int rows = matrix.rows - row < kPanelRows ? matrix.rows - row : kPanelRows;
      for (const Group *group = groups; group != groups + count; ++group) {
        multiply_panel(matrix, turn, rows, *group, sums);
        if (group->correct) {
          matrix.kernels->vector->correct(sums, matrix.row_sums + row, group->factor, group->constant, rows, group->columns);
        }
        finish(sums, *group, row, rows);
      }
    }
  }
}

}  // namespace
}  // namespace sk

using namespace sk;

size_t sk_scratch_bytes(const sk_matrix *matrix, int columns) {
  const int batch = columns < kBatch ? columns : kBatch;
  const int pass = columns_of_pass(*matrix);
  const int whole = batch / pass, rest = batch % pass;
  return static_cast<size_t>(whole) * packed_columns_bytes(*matrix, pass) + packed_columns_bytes(*matrix, rest);
}

void sk_gemm_s32(const sk_matrix *matrix, const sk_columns *x, int32_t *y, ptrdiff_t stride, void *scratch) {
  run(*matrix, *x, static_cast<uint8_t *>(scratch), [&](const int32_t *sums, const Group &group, int row, int rows) {
    for (int n = 0; n < group.columns; ++n) {
      memcpy(y + (group.first + n) * stride + row, sums + n * kPanelRows, static_cast<size_t>(rows) * sizeof(int32_t));
    }
  });
}

void sk_gemm_f32(const sk_matrix *matrix, const sk_columns *x, const float *row_scales, const float *bias, float *y,
                 ptrdiff_t stride, void *scratch) {
  const VectorOps &ops = *matrix->kernels->vector;
  run(*matrix, *x, static_cast<uint8_t *>(scratch), [&](const int32_t *sums, const Group &group, int row, int rows) {
    const Output out{row_scales + row, bias ? bias + row : nullptr, x->scales + group.first,
                     y + group.first * stride + row, stride};
    ops.finish_f32(sums, out, rows, group.columns);
  });
}

void sk_gemm_s8(const sk_matrix *matrix, const sk_columns *x, const float *row_scales, int8_t *y, ptrdiff_t stride,
                void *scratch) {
  const VectorOps &ops = *matrix->kernels->vector;
  run(*matrix, *x, static_cast<uint8_t *>(scratch), [&](const int32_t *sums, const Group &group, int row, int rows) {
    const Output out{row_scales + row, nullptr, x->scales + group.first, y + group.first * stride + row, stride};
    ops.finish_s8(sums, out, rows, group.columns);
  });
}
