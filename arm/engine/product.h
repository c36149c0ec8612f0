// Products of a layer: matrices packed for this CPU, 8-bit or fp32, dense or as two factors, for a few columns at once.
#ifndef SCHATTEN_ENGINE_PRODUCT_H
#define SCHATTEN_ENGINE_PRODUCT_H

#include <memory>
#include <string>
#include <vector>

#include "gguf.h"
#include "schatten_kernels.h"
#include "weights.h"

namespace schatten {

constexpr int kMaxBatch = 4;

// Memory of a stream that products need while they run.
struct Workspace {
  std::vector<int8_t> quantized;  // of a product's input
  std::vector<int8_t> inner_quantized;
  std::vector<float> inner;  // between two factors
  std::vector<uint8_t> scratch;
  std::vector<float> scales;
};

// Columns of activations: fp32 always, quantized where the matrix is 8-bit.
struct Columns {
  const float *values;
  const int8_t *quantized;
  const float *scales;
  ptrdiff_t stride;
  int count;
  bool backwards;  // the last rows first, see sk_columns
};

// One stored matrix. Where NAME.blocks is there, NAME holds the blocks of a sparse one (sk_pack_sparse).
class PackedMatrix {
 public:
  // `columns`: how many columns its products usually have. `nibbles`: 4 bits stay so in memory, where the kernels can.
  PackedMatrix(const Gguf &file, const std::string &name, int columns, bool nibbles);

  int rows() const { return rows_; }
  int cols() const { return cols_; }
  bool is_int8() const { return is_int8_; }
  size_t bytes() const;
  size_t scratch_bytes(int columns) const { return is_int8_ ? sk_scratch_bytes(&packed_, columns) : 0; }

  // y[n * stride + m] = bias[m] + sum over k of w[m][k] x[n][k]; bias may be NULL.
  void multiply(const Columns &x, const float *bias, float *y, ptrdiff_t stride, uint8_t *scratch) const;

 private:
  struct Free {
    void operator()(void *memory) const { free(memory); }
  };
  void pack_floats(const Gguf &file, const std::string &name, const Gguf::Matrix &from);
  void pack(const Gguf &file, const std::string &name, const int8_t *weights);
  // False where these weights need 8 bits, or the kernels do.
  bool pack_nibbles(const Weights &weights);
  void pack_sparse(const Gguf &file, const std::string &name, int columns);
  void reserve(size_t size);
  void require_packed(const Gguf &file, const std::string &name, sk_status status) const;

  int rows_, cols_;
  bool is_int8_;
  const sk_kernels *kernels_;
  std::unique_ptr<void, Free> memory_;
  size_t memory_size_;
  sk_matrix packed_{};
  std::vector<float> scales_;
};

// A matrix as pieces one below the other, each dense or a product of two factors.
class Product {
 public:
  struct Piece {
    std::shared_ptr<const PackedMatrix> outer;  // or the whole
    std::shared_ptr<const PackedMatrix> inner;  // the right factor; none where dense
    int row;
  };

  explicit Product(std::vector<Piece> pieces);

  int rows() const { return rows_; }
  int cols() const { return cols_; }
  const std::vector<Piece> &pieces() const { return pieces_; }

  // Makes the workspace large enough for products with so many columns.
  void reserve(Workspace &workspace, int columns) const;

  // Quantizes `count` columns, each with a scale of its own, and multiplies; `backwards` as in sk_columns.
  void multiply(const sk_kernels *vectors, const float *x, int count, const float *bias, float *y,
                Workspace &workspace, bool backwards) const;

 private:
  std::vector<Piece> pieces_;
  int rows_ = 0, cols_ = 0;
};

}  // namespace schatten
#endif
