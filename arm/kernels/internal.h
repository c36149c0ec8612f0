// What the kernels of one instruction set give to the shared driver (gemm.cpp). Not part of the public interface.
#ifndef SCHATTEN_KERNELS_INTERNAL_H
#define SCHATTEN_KERNELS_INTERNAL_H

#include "needs.h"
#include "schatten_kernels.h"

namespace sk {

// Rows whose sums are kept in one scratch panel; a multiple of every kernel's tile.
constexpr int kPanelRows = 512;
// Columns that one pass over the weights serves: at most, and with kernels that keep the sums in vector registers.
constexpr int kMaxColumns = 16, kVectorColumns = 4;
// Rows of a tile of fp32 weights.
constexpr int kFloatTile = 16;

// One panel of a product: `rows` rows by `columns` columns over `cols` weights each.
struct Panel {
  const uint8_t *weights;  // packed, first row of the panel
  const uint8_t *x;        // columns, packed or (where the kernels are `strided`) as the caller has them
  ptrdiff_t column, block; // bytes of x from one column to the next, and from one block of a column to the next
  int32_t *sums;           // column n at sums + n * kPanelRows; rows up to the next multiple of 16 may be written
  int rows, cols, columns;
};

// How weights lie in memory: tiles of tile_rows rows (the last one shorter, rounded up to row_step), in a tile blocks of
// `block` columns, in a block row after row.
struct Layout {
  int tile_rows, row_step, block;
};

// Sparse matrices: tiles of kSparseRows rows, in steps of kSparseStep columns; only some blocks of a tile and a step are kept.
constexpr int kSparseRows = SK_BLOCK_ROWS, kSparseStep = SK_BLOCK_COLS, kSparseBlock = kSparseRows * kSparseStep;

// A panel of a sparse product; sums as Panel has them, for whole tiles.
struct SparsePanel {
  const uint8_t *weights;  // block after block
  const uint16_t *index;   // of each tile how many blocks it has, then the step of each
  const uint8_t *x;        // packed: step after step, in a step slot after slot
  int32_t *sums;
  int tiles, columns;
};

// Sparse products of an instruction set.
struct SparseKernels {
  // How the 64 bytes of a block lie. kRows: row after row. kHalves: for each four rows two weights of each, then the other
  // two. kPairs: two blocks together, row after row the first one's weights and the second one's; the index counts pairs,
  // and zeros fill the last one up.
  enum Order { kRows, kHalves, kPairs } order;
  int step_bytes;    // of a slot in a step: 4, or 16 where x0 x1 stand there four times and then x2 x3 four times
  uint8_t slots[4];  // of packed columns for 1 .. 4 columns
  uint8_t flip;      // as in ColumnLayout
  // The share of blocks from which on the dense kernels are as fast, with one column and with more. See docs/kernels.md.
  float densest[2];
  void (*multiply)(const SparsePanel &);
};

// Of a unit that the index counts: a block, or two.
inline size_t index_entries(const SparseKernels &kernels) { return kernels.order == SparseKernels::kPairs ? 2 : 1; }
inline size_t block_bytes(const SparseKernels &kernels) { return index_entries(kernels) * kSparseBlock; }

// Packs one column of `cols` activations: step s goes to out + s * pitch.
void pack_sparse_column(const SparseKernels &kernels, const uint8_t *in, int cols, uint8_t flip, ptrdiff_t pitch, uint8_t *out);

// Matrices of 4 bits in memory. Packed 8-bit weights are taken in pairs of pieces a and b, which become one: bytes 16 a + b.
// A piece is a vector of 16 bytes; a single byte where the layout has blocks of one. No pair leaves a block of a tile.
struct NibbleKernels {
  Layout layout;
  void (*multiply)(const Panel &);
};

// How sums become results. y points at the panel's first row of the first column.
struct Output {
  const float *row_scales, *bias, *column_scales;
  void *y;
  ptrdiff_t stride;
};

// How columns lie in memory: blocks of `block` activations, in a block column after column (their count rounded up to
// column_step); each byte is xored with `flip` (0x80: stored as activation + 128). One pass over the weights serves up to
// `pass` columns. `strided` kernels take columns as the caller has them, where those are signed and of whole steps of four.
struct ColumnLayout {
  int block, column_step;
  uint8_t flip;
  int pass = kVectorColumns;
  bool strided = false;
};

// y[n][m] = bias[m] + sum over k of w[m][k] x[n][k], as sk_multiply_floats has it.
struct FloatProduct {
  const float *w;  // as sk_pack_floats leaves it
  int rows, cols, columns;
  const float *x;
  ptrdiff_t x_stride;
  const float *bias;  // or NULL
  float *y;
  ptrdiff_t y_stride;
  bool backwards;
};

struct VectorOps {
  unsigned needs;  // of the file that they are compiled in
  void (*exp)(const float *, float *, int);
  void (*log)(const float *, float *, int);
  void (*sigmoid)(const float *, float *, int);
  void (*tanh)(const float *, float *, int);
  float (*largest)(const float *, int);
  float (*quantize)(const float *, float largest, int8_t *, int);
  void (*gru_step)(const float *, const float *, float *, int);
  void (*lstm_step)(const float *, const float *, float *, float *, int);
  void (*finish_f32)(const int32_t *sums, const Output &, int rows, int columns);
  void (*finish_s8)(const int32_t *sums, const Output &, int rows, int columns);
  // sums[n][m] += factor[n] * row_sums[m] + constant[n]
  void (*correct)(int32_t *sums, const int32_t *row_sums, const int32_t *factor, const int32_t *constant, int rows,
                  int columns);
  void (*multiply_floats)(const FloatProduct &);
};

// Bytes of the sums of rows, with which a packed matrix begins; weights follow.
inline size_t sums_bytes(int rows) {
  constexpr size_t kAlign = 64;
  return (static_cast<size_t>(rows) * sizeof(int32_t) + kAlign - 1) / kAlign * kAlign;
}

constexpr int round_up(int value, int step) { return (value + step - 1) / step * step; }

}  // namespace sk

struct sk_kernels {
  const char *name;
  unsigned needs;  // of the kernels themselves
  sk::Layout layout;
  sk::ColumnLayout column_layout;
  void (*multiply)(const sk::Panel &);
  const sk::VectorOps *vector;
  const sk::SparseKernels *sparse = nullptr;   // or none
  const sk::NibbleKernels *nibbles = nullptr;  // or none
};

namespace sk {
// Whether a CPU that has these needs met can run kernels, with their vector arithmetic.
inline bool can_run(const sk_kernels &kernels, unsigned has) { return ((kernels.needs | kernels.vector->needs) & ~has) == 0; }

// Whether the CPU has what code beside the kernels needs, and SCHATTEN_KERNELS asks for more than plain C++.
bool is_allowed(unsigned needs);

extern const sk_kernels kScalar;
extern const VectorOps kVectorScalar;
#if defined(__aarch64__)
extern const sk_kernels kNeon, kDotprod, kI8mm;
extern const VectorOps kVectorNeon;
#elif defined(__arm__)
extern const sk_kernels kNeon;
extern const SparseKernels kNeonSparse;
extern const VectorOps kVectorVfp;
#elif defined(__x86_64__)
extern const sk_kernels kAvx2, kAvxVnni, kAvx512Vnni, kAmx;
extern const VectorOps kVectorAvx2, kVectorAvx512;
#elif defined(__wasm_simd128__)
extern const sk_kernels kSimd128;
extern const VectorOps kVectorSimd128;
#endif
}  // namespace sk
#endif
