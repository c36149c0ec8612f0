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

constexpr SparseKernels kSparse = {SparseKernels::kRows, kSparseStep, {1, 2, 3, 4}, 0, {1.0f, 1.0f}, multiply_sparse};

}  // namespace

const sk_kernels kScalar = {"scalar", kNeeds, {1, 1, 1}, {1, 1, 0}, multiply, &kVectorScalar, &kSparse};

}  // namespace sk
