// Hands a sparse panel to one of an instruction set's kernels: for one column, for two, and for three and four.
#ifndef SCHATTEN_KERNELS_SPARSE_ARM_H
#define SCHATTEN_KERNELS_SPARSE_ARM_H

#include "internal.h"

namespace sk {
namespace {

// See sparse.inc.
using SparseKernel = void(const uint8_t *weights, const uint8_t *x, int32_t *sums, const uint16_t *index, size_t tiles,
                          size_t sums_stride);

template <SparseKernel *kOne, SparseKernel *kTwo, SparseKernel *kFour>
void multiply_sparse(const SparsePanel &panel) {
  SparseKernel *const kernel = panel.columns == 1 ? kOne : panel.columns == 2 ? kTwo : kFour;
  kernel(panel.weights, panel.x, panel.sums, panel.index, static_cast<size_t>(panel.tiles), kPanelRows * sizeof(int32_t));
}

}  // namespace
}  // namespace sk
#endif
