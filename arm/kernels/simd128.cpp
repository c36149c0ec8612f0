// WebAssembly's simd128: eight weights become 16-bit as they are loaded, and i32x4.dot_i16x8_s multiplies them by eight
// activations and adds pairs: exact, as two products of bytes fit 32 bits with room to spare. x86 has that instruction.
// i16x8.extmul, which multiplies bytes, took 1.4 (one column) to 1.8 times as long (6144x320, Node 20, AMD Zen).
#include <wasm_simd128.h>

#include "internal.h"

namespace sk {
namespace {

constexpr int kTile = 4, kBlock = 8;

inline v128_t sums_of_pairs(v128_t a, v128_t b) {
  return wasm_i32x4_add(wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), wasm_i32x4_shuffle(a, b, 2, 6, 3, 7));
}

// kRows rows of a tile by kColumns columns.
template <int kRows, int kColumns>
inline void multiply_rows(const Panel &panel, const uint8_t *weights, int32_t *to) {
  v128_t sums[kRows][kColumns];
  for (auto &row : sums) {
    for (v128_t &sum : row) sum = wasm_i32x4_splat(0);
  }
  const uint8_t *x = panel.x;
  for (int k = 0; k < panel.cols; k += kBlock, weights += kTile * kBlock, x += panel.block) {
    v128_t column[kColumns];
    for (int n = 0; n < kColumns; ++n) column[n] = wasm_i16x8_load8x8(x + n * panel.column);
    for (int m = 0; m < kRows; ++m) {
      const v128_t w = wasm_i16x8_load8x8(weights + m * kBlock);
      for (int n = 0; n < kColumns; ++n) sums[m][n] = wasm_i32x4_add(sums[m][n], wasm_i32x4_dot_i16x8(w, column[n]));
    }
  }
  for (int n = 0; n < kColumns; ++n, to += kPanelRows) {
    for (int m = 0; m < kRows; m += 2) {
      const v128_t pairs = sums_of_pairs(sums[m][n], sums[m + 1][n]);
      const v128_t halves = wasm_i32x4_add(pairs, wasm_i32x4_shuffle(pairs, pairs, 2, 3, 2, 3));
      wasm_v128_store64_lane(to + m, halves, 0);
    }
  }
}

template <int kRows, int kColumns>
void multiply_columns(const Panel &panel) {
  const ptrdiff_t blocks = (panel.cols + kBlock - 1) / kBlock;
  for (int m = 0; m < panel.rows; m += kTile) {
    const uint8_t *tile = panel.weights + m * blocks * kBlock;
    for (int row = 0; row < kTile; row += kRows) {
      multiply_rows<kRows, kColumns>(panel, tile + row * kBlock, panel.sums + m + row);
    }
  }
}

// Sparse products: two rows of a block are eight weights, which meet a step's four activations twice.
template <int kColumns>
void multiply_sparse_columns(const SparsePanel &panel) {
  constexpr int kPairs = kSparseRows / 2;
  const uint8_t *weights = panel.weights;
  const uint16_t *index = panel.index;
  int32_t *to = panel.sums;
  for (int tile = 0; tile < panel.tiles; ++tile, to += kSparseRows) {
    v128_t sums[kPairs][kColumns];
    for (auto &pair : sums) {
      for (v128_t &sum : pair) sum = wasm_i32x4_splat(0);
    }
    for (int left = *index++; left > 0; --left, weights += kSparseBlock) {
      const uint8_t *x = panel.x + *index++ * kSparseStep * kColumns;
      v128_t column[kColumns];
      for (int n = 0; n < kColumns; ++n) {
        const v128_t four = wasm_v128_load32_splat(x + n * kSparseStep);
        column[n] = wasm_i16x8_extend_low_i8x16(four);
      }
      for (int p = 0; p < kPairs; ++p) {
        const v128_t w = wasm_i16x8_load8x8(weights + p * 2 * kSparseStep);
        for (int n = 0; n < kColumns; ++n) sums[p][n] = wasm_i32x4_add(sums[p][n], wasm_i32x4_dot_i16x8(w, column[n]));
      }
    }
    for (int n = 0; n < kColumns; ++n) {
      for (int p = 0; p < kPairs; p += 2) {
        const v128_t a = sums[p][n], b = sums[p + 1][n];
        const v128_t all = wasm_i32x4_add(wasm_i32x4_shuffle(a, b, 0, 2, 4, 6), wasm_i32x4_shuffle(a, b, 1, 3, 5, 7));
        wasm_v128_store(to + n * kPanelRows + 2 * p, all);
      }
    }
  }
}

void multiply_sparse(const SparsePanel &panel) {
  switch (panel.columns) {
    case 1: return multiply_sparse_columns<1>(panel);
    case 2: return multiply_sparse_columns<2>(panel);
    case 3: return multiply_sparse_columns<3>(panel);
    default: return multiply_sparse_columns<4>(panel);
  }
}

constexpr SparseKernels kSparse = {SparseKernels::kRows, kSparseStep, {1, 2, 3, 4}, 0, {0.8f, 0.8f}, multiply_sparse};

// Rows at a time as they were fastest in Node 20 on x86: eight took 1.2 times as long for one column, and 1.5 times for two.
void multiply(const Panel &panel) {
  switch (panel.columns) {
    case 1: return multiply_columns<4, 1>(panel);
    case 2: return multiply_columns<4, 2>(panel);
    case 3: return multiply_columns<2, 3>(panel);
    default: return multiply_columns<2, 4>(panel);
  }
}

}  // namespace

const sk_kernels kSimd128 = {"simd128", kNeeds, {kTile, kTile, kBlock}, {kBlock, 1, 0}, multiply, &kVectorSimd128, &kSparse};

}  // namespace sk
