#include "product.h"

#include <stdlib.h>
#include <string.h>

#include <algorithm>

#include "failure.h"

namespace schatten {

namespace {

void *aligned(size_t size) {
  void *memory = aligned_alloc(64, (std::max<size_t>(size, 1) + 63) / 64 * 64);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

constexpr const char *kBlocks = ".blocks";
constexpr int kBlockRows = SK_BLOCK_ROWS, kBlockCols = SK_BLOCK_COLS;

template <class T>
void grow(std::vector<T> &memory, size_t size) {
  if (memory.size() < size) memory.resize(size);
}

}  // namespace

PackedMatrix::PackedMatrix(const Gguf &file, const std::string &name, int columns, bool nibbles) {
  if (file.has_tensor(name + kBlocks)) {
    pack_sparse(file, name, columns);
    return;
  }
  const Gguf::Matrix from = file.matrix(name);
  Weights weights(file, name, from);
  rows_ = from.rows, cols_ = weights.cols(), is_int8_ = from.is_int8;
  kernels_ = sk_kernels_best(rows_, cols_, columns);
  if (!is_int8_) {
    pack_floats(file, name, from);
  } else if (!nibbles || !weights.is_narrow() || !pack_nibbles(weights)) {
    pack(file, name, weights.data());
  }
  if (is_int8_) scales_ = file.floats(name + ".scale", static_cast<size_t>(rows_));
  file.release(from);  // so that a model is not held twice while it is loaded
}

void PackedMatrix::reserve(size_t size) {
  memory_size_ = size;
  memory_.reset(aligned(size));
}

void PackedMatrix::require_packed(const Gguf &file, const std::string &name, sk_status status) const {
  file.require_tensor(status == SK_OK, name, std::string("cannot be used: ") + sk_message(status));
}

void PackedMatrix::pack_floats(const Gguf &file, const std::string &name, const Gguf::Matrix &from) {
  reserve(sk_packed_floats(rows_, cols_) * sizeof(float));
  const bool all = sk_pack_floats(rows_, cols_, from.data, static_cast<float *>(memory_.get()));
  file.require_tensor(all, name, kNoNumbers);
}

void PackedMatrix::pack(const Gguf &file, const std::string &name, const int8_t *weights) {
  reserve(sk_packed_bytes(kernels_, rows_, cols_));
  require_packed(file, name, sk_pack(kernels_, rows_, cols_, weights, cols_, memory_.get(), &packed_));
}

bool PackedMatrix::pack_nibbles(const Weights &weights) {
  if (!sk_has_nibbles(kernels_)) return false;
  reserve(sk_packed_bytes_nibbles(kernels_, rows_, cols_));
  return sk_pack_nibbles(kernels_, rows_, cols_, weights.nibbles(), weights.stride(), memory_.get(), &packed_) == SK_OK;
}

void PackedMatrix::pack_sparse(const Gguf &file, const std::string &name, int columns) {
  const std::string key = "schatten." + name;
  rows_ = file.integer(key + ".rows", 1, 1 << 24), cols_ = file.integer(key + ".cols", 1, UINT16_MAX * kBlockCols);
  is_int8_ = true;
  const Gguf::Matrix blocks = file.matrix(name), bitmap = file.matrix(name + kBlocks);
  const int tiles = (rows_ + kBlockRows - 1) / kBlockRows, steps = (cols_ + kBlockCols - 1) / kBlockCols;
  const bool fits = bitmap.is_int8 && bitmap.rows == tiles && bitmap.cols == (steps + 7) / 8;
  file.require_tensor(fits, name + kBlocks, "does not fit its matrix: export the model again");
  const long count = sk_count_blocks(rows_, cols_, bitmap.data);
  Weights weights(file, name, blocks);
  file.require_tensor(blocks.is_int8 && weights.cols() == kBlockRows * kBlockCols && blocks.rows == count, name,
                      "has other blocks than its index says: export the model again");
  const int8_t *stored = weights.data();
  const double density = static_cast<double>(count) / (static_cast<double>(tiles) * steps);
  kernels_ = sk_kernels_best_sparse(columns);
  const bool pays = sk_sparse_pays(kernels_, density, columns) != 0;
  // The whole matrix is made from checked blocks alone, so these are packed first in any case.
  reserve(sk_packed_bytes_sparse(kernels_, rows_, cols_, bitmap.data));
  require_packed(file, name, sk_pack_sparse(kernels_, rows_, cols_, stored, bitmap.data, memory_.get(), &packed_));
  scales_ = file.floats(name + ".scale", static_cast<size_t>(rows_));
  if (!pays) {
    std::vector<int8_t> whole(static_cast<size_t>(rows_) * static_cast<size_t>(cols_));
    sk_fill_sparse(rows_, cols_, stored, bitmap.data, whole.data());
    kernels_ = sk_kernels_best(rows_, cols_, columns);
    pack(file, name, whole.data());
  }
  file.release(blocks);
}

size_t PackedMatrix::bytes() const { return memory_size_ + scales_.size() * sizeof(float); }

void PackedMatrix::multiply(const Columns &x, const float *bias, float *y, ptrdiff_t stride, uint8_t *scratch) const {
  if (!is_int8_) {
    const sk_float_columns columns{x.values, x.stride, x.count, x.backwards};
    sk_multiply_floats(kernels_, rows_, cols_, static_cast<const float *>(memory_.get()), &columns, bias, y, stride);
    return;
  }
  const sk_columns columns{x.quantized, x.stride, x.count, 0, 0, x.scales, x.backwards};
  sk_gemm_f32(&packed_, &columns, scales_.data(), bias, y, stride, scratch);
}

Product::Product(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {
  for (Piece &piece : pieces_) {
    const PackedMatrix &first = piece.inner ? *piece.inner : *piece.outer;
    require(cols_ == 0 || first.cols() == cols_, "the pieces of a product do not fit together: export the model again");
    require(!piece.inner || piece.inner->rows() == piece.outer->cols(),
            "two factors do not fit together: export the model again");
    require(!piece.inner || piece.inner->is_int8() == piece.outer->is_int8(),
            "two factors are of different types: export the model again");
    cols_ = first.cols();
    piece.row = rows_;
    rows_ += piece.outer->rows();
    require(rows_ < (1 << 24), "a product has too many rows: export the model again");
  }
}

void Product::reserve(Workspace &workspace, int columns) const {
  const size_t n = static_cast<size_t>(columns);
  grow(workspace.quantized, n * static_cast<size_t>(cols_));
  grow(workspace.scales, 2 * n);
  for (const Piece &piece : pieces_) {
    grow(workspace.scratch, piece.outer->scratch_bytes(columns));
    if (!piece.inner) continue;
    grow(workspace.scratch, piece.inner->scratch_bytes(columns));
    grow(workspace.inner, n * static_cast<size_t>(piece.inner->rows()));
    grow(workspace.inner_quantized, n * static_cast<size_t>(piece.inner->rows()));
  }
}

void Product::multiply(const sk_kernels *vectors, const float *x, int count, const float *bias, float *y,
                       Workspace &workspace, bool backwards) const {
  const auto quantize = [&](const float *from, int width, int8_t *to, float *scales) {
    for (int n = 0; n < count; ++n) {
      const ptrdiff_t at = static_cast<ptrdiff_t>(n) * width;
      scales[n] = sk_quantize(vectors, from + at, to + at, width);
    }
  };
  float *inner_scales = workspace.scales.data() + count;
  const Columns input{x, workspace.quantized.data(), workspace.scales.data(), cols_, count, backwards};
  if (pieces_[0].outer->is_int8()) quantize(x, cols_, workspace.quantized.data(), workspace.scales.data());
  for (const Piece &piece : pieces_) {
    const float *piece_bias = bias ? bias + piece.row : nullptr;
    if (!piece.inner) {
      piece.outer->multiply(input, piece_bias, y + piece.row, rows_, workspace.scratch.data());
      continue;
    }
    const int rank = piece.inner->rows();
    piece.inner->multiply(input, nullptr, workspace.inner.data(), rank, workspace.scratch.data());
    if (piece.outer->is_int8()) quantize(workspace.inner.data(), rank, workspace.inner_quantized.data(), inner_scales);
    const Columns between{workspace.inner.data(), workspace.inner_quantized.data(), inner_scales, rank, count, backwards};
    piece.outer->multiply(between, piece_bias, y + piece.row, rows_, workspace.scratch.data());
  }
}

}  // namespace schatten
