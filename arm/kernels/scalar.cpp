// The reference: plain C++, one sum after another. Every other kernel must give these very numbers.
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

}  // namespace

const sk_kernels kScalar = {"scalar", kNeeds, {1, 1, 1}, {1, 1, 0}, multiply, &kVectorScalar};

}  // namespace sk
