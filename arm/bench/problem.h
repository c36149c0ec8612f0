// A product with random numbers, ready to run: what both benchmarks measure.
#ifndef SCHATTEN_BENCH_PROBLEM_H
#define SCHATTEN_BENCH_PROBLEM_H

#include <stdint.h>

#include <vector>

#include "schatten_kernels.h"

class Problem {
 public:
  // `percent` of the blocks of a sparse matrix are stored, at random places; kWhole: the whole matrix; kNibbles: that in 4 bits.
  static constexpr int kWhole = -1, kNibbles = -2;
  Problem(const sk_kernels *kernels, int rows, int cols, int columns, int percent = kWhole)
      : x_(size(cols, columns)), y_(size(rows, columns)), row_scales_(size(rows, 1), 0.01f),
        column_scales_(size(columns, 1), 0.1f), floats_(x_.size()), rows_(rows) {
    uint32_t state = 1;
    status_ = percent == kWhole     ? pack(kernels, cols, &state)
              : percent == kNibbles ? pack_nibbles(kernels, cols, &state)
                                    : pack_sparse(kernels, cols, percent, &state);
    for (int8_t &x : x_) x = static_cast<int8_t>(static_cast<int>(next(&state) % 256) - 128);
    for (float &x : floats_) x = static_cast<float>(next(&state) % 2000) * 0.001f - 1.0f;
    columns_ = {x_.data(), cols, columns, 0, 0, column_scales_.data(), 0};
    scratch_.resize(sk_scratch_bytes(&matrix_, columns));
  }

  bool good() const { return status_ == SK_OK; }

  // From float: each column quantized with a scale of its own, then the whole call.
  void run_float() {
    for (int n = 0; n < columns_.count; ++n) {
      const ptrdiff_t start = n * columns_.stride;
      column_scales_[static_cast<size_t>(n)] =
          sk_quantize(matrix_.kernels, floats_.data() + start, x_.data() + start, matrix_.cols);
    }
    run();
  }

  // The whole call: activations re-laid, product, int32 sums times row and column scale as float.
  void run() {
    sk_gemm_f32(&matrix_, &columns_, row_scales_.data(), nullptr, y_.data(), rows_, scratch_.data());
  }

 private:
  static constexpr size_t kAlign = 64;

  static int8_t draw_weight(uint32_t *state) { return static_cast<int8_t>(static_cast<int>(next(state) % 255) - 127); }

  uint8_t *memory(size_t bytes) {
    packed_.resize(bytes + kAlign);
    uint8_t *start = packed_.data();
    return start + (kAlign - reinterpret_cast<uintptr_t>(start) % kAlign) % kAlign;
  }

  sk_status pack(const sk_kernels *kernels, int cols, uint32_t *state) {
    std::vector<int8_t> weights(size(rows_, cols));
    for (int8_t &w : weights) w = draw_weight(state);
    uint8_t *packed = memory(sk_packed_bytes(kernels, rows_, cols));
    return sk_pack(kernels, rows_, cols, weights.data(), cols, packed, &matrix_);
  }

  sk_status pack_nibbles(const sk_kernels *kernels, int cols, uint32_t *state) {
    if (!sk_has_nibbles(kernels)) return SK_BAD_SIZE;
    const int row_bytes = (cols + 1) / 2;
    std::vector<uint8_t> weights(size(rows_, row_bytes));
    const auto draw = [&] { return (static_cast<int>(next(state) % 15) - 7) & 15; };
    for (uint8_t &w : weights) w = static_cast<uint8_t>(draw() | draw() << 4);
    uint8_t *packed = memory(sk_packed_bytes_nibbles(kernels, rows_, cols));
    return sk_pack_nibbles(kernels, rows_, cols, weights.data(), row_bytes, packed, &matrix_);
  }

  // Rows and columns are of whole blocks here.
  sk_status pack_sparse(const sk_kernels *kernels, int cols, int percent, uint32_t *state) {
    const int tiles = rows_ / SK_BLOCK_ROWS, steps = cols / SK_BLOCK_COLS, tile_bytes = (steps + 7) / 8;
    if (tiles * SK_BLOCK_ROWS != rows_ || steps * SK_BLOCK_COLS != cols) return SK_BAD_SIZE;
    std::vector<uint8_t> bitmap(size(tiles, tile_bytes));
    std::vector<int8_t> blocks;
    for (int tile = 0; tile < tiles; ++tile) {
      for (int step = 0; step < steps; ++step) {
        if (static_cast<int>(next(state) % 100) >= percent) continue;
        bitmap[size(tile, tile_bytes) + size(step / 8, 1)] |= static_cast<uint8_t>(1 << (step % 8));
        for (int i = 0; i < SK_BLOCK_ROWS * SK_BLOCK_COLS; ++i) blocks.push_back(draw_weight(state));
      }
    }
    uint8_t *packed = memory(sk_packed_bytes_sparse(kernels, rows_, cols, bitmap.data()));
    return sk_pack_sparse(kernels, rows_, cols, blocks.data(), bitmap.data(), packed, &matrix_);
  }

  static size_t size(int a, int b) { return static_cast<size_t>(a) * static_cast<size_t>(b); }
  static uint32_t next(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
  }

  std::vector<uint8_t> packed_;
  std::vector<int8_t> x_;
  std::vector<float> y_, row_scales_, column_scales_, floats_;
  std::vector<uint8_t> scratch_;
  sk_matrix matrix_{};
  sk_columns columns_{};
  int rows_;
  sk_status status_;
};

#endif
