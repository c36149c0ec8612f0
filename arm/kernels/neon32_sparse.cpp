// 32-bit ARM with NEON: sparse products, as neon_sparse.S has them. Two columns at most fit sixteen registers, so three and
// four take two passes over a tile's blocks.
#include <arm_neon.h>

#include "internal.h"

namespace sk {
namespace {

constexpr int kQuads = kSparseRows / 4, kStepBytes = 16;

// The sums of one tile and kColumns columns, whose activations lie `pitch` bytes from step to step.
template <int kColumns>
void multiply_tile(const uint8_t *weights, const uint16_t *steps, int count, const uint8_t *x, int pitch, int32_t *sums) {
  int32x4_t sum[kColumns][kQuads];
  for (auto &column : sum) {
    for (int32x4_t &quad : column) quad = vdupq_n_s32(0);
  }
  for (; count > 0; --count, weights += kSparseBlock) {
    const int8_t *at = reinterpret_cast<const int8_t *>(x + *steps++ * pitch);
    for (int n = 0; n < kColumns; ++n) {
      const int8x16_t column = vld1q_s8(at + n * kStepBytes);
      for (int q = 0; q < kQuads; ++q) {
        const int8x16_t w = vld1q_s8(reinterpret_cast<const int8_t *>(weights) + q * kStepBytes);
        const int16x8_t products = vmlal_s8(vmull_s8(vget_low_s8(w), vget_low_s8(column)), vget_high_s8(w), vget_high_s8(column));
        sum[n][q] = vpadalq_s16(sum[n][q], products);
      }
    }
  }
  for (int n = 0; n < kColumns; ++n) {
    for (int q = 0; q < kQuads; ++q) vst1q_s32(sums + n * kPanelRows + 4 * q, sum[n][q]);
  }
}

void multiply_sparse(const SparsePanel &panel) {
  const uint8_t *weights = panel.weights;
  const uint16_t *index = panel.index;
  const int pitch = panel.columns * kStepBytes;
  for (int tile = 0; tile < panel.tiles; ++tile) {
    const int count = *index++;
    int n = 0;
    for (; n + 2 <= panel.columns; n += 2) {
      multiply_tile<2>(weights, index, count, panel.x + n * kStepBytes, pitch, panel.sums + n * kPanelRows + tile * kSparseRows);
    }
    if (n < panel.columns) {
      multiply_tile<1>(weights, index, count, panel.x + n * kStepBytes, pitch, panel.sums + n * kPanelRows + tile * kSparseRows);
    }
    weights += count * kSparseBlock;
    index += count;
  }
}

}  // namespace

extern const SparseKernels kNeonSparse = {SparseKernels::kHalves, kStepBytes, {1, 2, 3, 4}, 0, {0.85f, 0.85f}, multiply_sparse};

}  // namespace sk
