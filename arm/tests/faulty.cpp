#include "faulty.h"

#include <vector>

namespace {

const int8_t *row_of(const sk::Panel &panel, int m) {
  return reinterpret_cast<const int8_t *>(panel.weights) + static_cast<ptrdiff_t>(m) * panel.cols;
}

void overflowing(const sk::Panel &panel) {
  for (int n = 0; n < panel.columns; ++n) {
    for (int m = 0; m < panel.rows; ++m) {
      const int8_t *w = row_of(panel, m), *x = reinterpret_cast<const int8_t *>(panel.x) + n;
      int32_t sum = 0;
      for (int k = 0; k < panel.cols; k += 3) {
        int32_t lane = 0;
        for (int i = k; i < k + 3 && i < panel.cols; ++i) lane += w[i] * x[i * panel.columns];
        sum += static_cast<int16_t>(lane);
      }
      panel.sums[n * sk::kPanelRows + m] = sum;
    }
  }
}

void overreading(const sk::Panel &panel) {
  const volatile uint8_t *past = panel.weights + static_cast<ptrdiff_t>(panel.rows) * panel.cols;
  (void)*past;
  sk::kScalar.multiply(panel);
}

void finish_past_the_end(const int32_t *sums, const sk::Output &out, int rows, int columns) {
  sk::kVectorScalar.finish_f32(sums, out, rows, columns);
  static_cast<float *>(out.y)[rows] = 0;
}

// Does with the blocks of each tile what `change` makes of their count.
template <int (*kBlocks)(int)>
void multiply_changed(const sk::SparsePanel &panel) {
  const uint8_t *weights = panel.weights;
  const uint16_t *index = panel.index;
  for (int tile = 0; tile < panel.tiles; ++tile) {
    const int count = *index;
    std::vector<uint16_t> changed(index, index + 1 + count);
    changed[0] = static_cast<uint16_t>(kBlocks(count));
    sk::kScalar.sparse->multiply({weights, changed.data(), panel.x, panel.sums + tile * sk::kSparseRows, 1, panel.columns});
    weights += count * sk::kSparseBlock;
    index += 1 + count;
    const volatile uint8_t *past = weights - 1 + (kBlocks(1) == 1);
    (void)*past;
  }
}

int without_odd(int count) { return count / 2 * 2; }
int as_it_is(int count) { return count; }

sk::SparseKernels with_multiply(void (*multiply)(const sk::SparsePanel &)) {
  sk::SparseKernels kernels = *sk::kScalar.sparse;
  kernels.multiply = multiply;
  return kernels;
}
const sk::SparseKernels kSparseDropping = with_multiply(multiply_changed<without_odd>);
const sk::SparseKernels kSparseReadingOn = with_multiply(multiply_changed<as_it_is>);

void unborrowing(const sk::Panel &panel) {
  const int pairs = (panel.rows + 1) / 2;
  const int8_t *packed = reinterpret_cast<const int8_t *>(panel.weights);
  std::vector<int8_t> changed(packed, packed + static_cast<ptrdiff_t>(pairs) * panel.cols);
  for (int8_t &byte : changed) byte = static_cast<int8_t>(byte - ((byte & 8) ? 16 : 0));
  sk::Panel other = panel;
  other.weights = reinterpret_cast<const uint8_t *>(changed.data());
  sk::kScalar.nibbles->multiply(other);
}

void overreading_nibbles(const sk::Panel &panel) {
  const volatile uint8_t *past = panel.weights + static_cast<ptrdiff_t>((panel.rows + 1) / 2) * panel.cols;
  (void)*past;
  sk::kScalar.nibbles->multiply(panel);
}

const sk::NibbleKernels kNibblesUnborrowing = {sk::kScalar.nibbles->layout, unborrowing};
const sk::NibbleKernels kNibblesOverreading = {sk::kScalar.nibbles->layout, overreading_nibbles};

constexpr sk::Layout kRows = {1, 1, 1};
constexpr sk::ColumnLayout kColumns = {1, 1, 0};

sk::VectorOps with_faulty_finish() {
  sk::VectorOps ops = sk::kVectorScalar;
  ops.finish_f32 = finish_past_the_end;
  return ops;
}
const sk::VectorOps kFaultyOps = with_faulty_finish();

}  // namespace

const sk_kernels kOverflowing = {"overflowing", 0, kRows, kColumns, overflowing, &sk::kVectorScalar};
const sk_kernels kOverreading = {"overreading", 0, kRows, kColumns, overreading, &sk::kVectorScalar};
const sk_kernels kOverwriting = {"overwriting", 0, kRows, kColumns, sk::kScalar.multiply, &kFaultyOps};
const sk_kernels kDropping = {"dropping", 0, kRows, kColumns, sk::kScalar.multiply, &sk::kVectorScalar, &kSparseDropping};
const sk_kernels kReadingOn = {"reading on", 0, kRows, kColumns, sk::kScalar.multiply, &sk::kVectorScalar, &kSparseReadingOn};
const sk_kernels kUnborrowing = {"unborrowing", 0, kRows, kColumns, sk::kScalar.multiply, &sk::kVectorScalar, nullptr, &kNibblesUnborrowing};
const sk_kernels kOverreadingNibbles = {"overreading nibbles", 0, kRows, kColumns, sk::kScalar.multiply, &sk::kVectorScalar, nullptr,
                                        &kNibblesOverreading};
