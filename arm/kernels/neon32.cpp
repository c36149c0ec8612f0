// 32-bit ARM with NEON: hands tiles of four rows to the assembly kernels, which fill the last one up with rows of zeros.
#include "internal.h"

namespace sk {
namespace {

// See sk_kernel in neon32.S.
using Kernel = void(const uint8_t *weights, const uint8_t *x, int32_t *sums, size_t blocks, size_t passes,
                    size_t sums_stride);

extern "C" Kernel sk_neon32_n1, sk_neon32_n2, sk_neon32_n3, sk_neon32_n4;

constexpr int kTile = 4, kBlock = 16;

struct Kernels {
  Kernel *multiply;
  int passes;  // over a tile
};

constexpr Kernels kKernels[kVectorColumns] = {{sk_neon32_n1, 1}, {sk_neon32_n2, 1}, {sk_neon32_n3, 2}, {sk_neon32_n4, 2}};

void multiply(const Panel &panel) {
  const Kernels &kernels = kKernels[panel.columns - 1];
  const int tiles = (panel.rows + kTile - 1) / kTile, blocks = (panel.cols + kBlock - 1) / kBlock;
  kernels.multiply(panel.weights, panel.x, panel.sums, static_cast<size_t>(blocks),
                   static_cast<size_t>(tiles * kernels.passes), kPanelRows * sizeof(int32_t));
}

}  // namespace

extern const sk_kernels kNeon = {"neon", kNeedNeon, {kTile, kTile, kBlock}, {kBlock, 1, 0}, multiply, &kVectorVfp, &kNeonSparse};

}  // namespace sk
