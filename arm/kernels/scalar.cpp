// The reference: plain C++, one sum after another. Every other kernel must give these very numbers.
#include <string.h>

#include "internal.h"

namespace sk {
namespace {

void multiply(const Panel &panel) {
  for (int n = 0; n < panel.columns; ++n) {
    for (int m = 0; m < panel.rows; ++m) {
      const int8_t *w = reinterpret_cast<const int8_t *>(panel.weights) + static_cast<ptrdiff_t>(m) * panel.cols;
      const int8_t *x = reinterpret_cast<const int8_t *>(panel.x) + n;
      uint32_t sum = 0;
      for (int k = 0; k < panel.cols; ++k) sum += static_cast<uint32_t>(w[k] * x[k * panel.columns]);
      panel.sums[n * kPanelRows + m] = static_cast<int32_t>(sum);
    }
  }
}

void multiply_sparse(const SparsePanel &panel) {
  const int8_t *w = reinterpret_cast<const int8_t *>(panel.weights);
  const uint16_t *index = panel.index;
  for (int tile = 0; tile < panel.tiles; ++tile) {
    uint32_t sums[kVectorColumns][kSparseRows] = {};
    for (int left = *index++; left > 0; --left, w += kSparseBlock) {
      const int8_t *x = reinterpret_cast<const int8_t *>(panel.x) + *index++ * panel.columns * kSparseStep;
      for (int n = 0; n < panel.columns; ++n, x += kSparseStep) {
        for (int i = 0; i < kSparseBlock; ++i) sums[n][i / kSparseStep] += static_cast<uint32_t>(w[i] * x[i % kSparseStep]);
      }
    }
    for (int n = 0; n < panel.columns; ++n) memcpy(panel.sums + n * kPanelRows + tile * kSparseRows, sums[n], sizeof sums[n]);
  }
}

// A byte is 16 a + b of two rows.
void multiply_nibbles(const Panel &panel) {
  for (int n = 0; n < panel.columns; ++n) {
    for (int m = 0; m < panel.rows; m += 2) {
      const int8_t *w = reinterpret_cast<const int8_t *>(panel.weights) + static_cast<ptrdiff_t>(m / 2) * panel.cols;
      const int8_t *x = reinterpret_cast<const int8_t *>(panel.x) + n;
      uint32_t sums[2] = {};
      for (int k = 0; k < panel.cols; ++k) {
        const int b = ((w[k] & 15) ^ 8) - 8, a = (w[k] - b) / 16;
        sums[0] += static_cast<uint32_t>(a * x[k * panel.columns]);
        sums[1] += static_cast<uint32_t>(b * x[k * panel.columns]);
      }
      for (int row = 0; row < 2; ++row) panel.sums[n * kPanelRows + m + row] = static_cast<int32_t>(sums[row]);
    }
  }
}
constexpr NibbleKernels kNibbles = {{2, 2, 1}, multiply_nibbles};

constexpr SparseKernels kSparse = {SparseKernels::kRows, kSparseStep, {1, 2, 3, 4}, 0, {1.0f, 1.0f}, multiply_sparse};

}  // namespace

const sk_kernels kScalar = {"scalar", kNeeds, {1, 1, 1}, {1, 1, 0}, multiply, &kVectorScalar, &kSparse, &kNibbles};

}  // namespace sk
