// ARMv8.6 matrix products (smmla): two rows by two columns by eight weights an instruction. An odd count of columns is
// rounded up; the surplus column's sums fall into the panel's unused column.
#include "dot_tiles.h"
#include "sparse_arm.h"

namespace sk {
namespace {

extern "C" Kernel sk_i8mm_n2_pair, sk_i8mm_n2_q4, sk_i8mm_n2_q3, sk_i8mm_n2_q2, sk_i8mm_n2_q1, sk_i8mm_n4_q4,
    sk_i8mm_n4_q3, sk_i8mm_n4_q2, sk_i8mm_n4_q1;
extern "C" Kernel sk_i8mm_nibbles_n2_pair, sk_i8mm_nibbles_n2_q4, sk_i8mm_nibbles_n2_q2, sk_i8mm_nibbles_n4_q4,
    sk_i8mm_nibbles_n4_q2;

// For one pair of columns and for two.
constexpr Kernels kKernels[kVectorColumns / 2] = {
    {sk_i8mm_n2_pair, {nullptr, sk_i8mm_n2_q1, sk_i8mm_n2_q2, sk_i8mm_n2_q3, sk_i8mm_n2_q4}},
    {nullptr, {nullptr, sk_i8mm_n4_q1, sk_i8mm_n4_q2, sk_i8mm_n4_q3, sk_i8mm_n4_q4}},
};

constexpr Kernels kNibbleKernels[kVectorColumns / 2] = {
    nibble_kernels(sk_i8mm_nibbles_n2_pair, sk_i8mm_nibbles_n2_q2, sk_i8mm_nibbles_n2_q4),
    nibble_kernels(nullptr, sk_i8mm_nibbles_n4_q2, sk_i8mm_nibbles_n4_q4),
};

constexpr int kStep = 8, kLoop = 4 * kStep;

void multiply(const Panel &panel) {
  const size_t row_bytes = static_cast<size_t>(round_up(panel.cols, kStep));
  multiply_tiles(kKernels[(panel.columns - 1) / 2], panel, row_bytes, row_bytes / kLoop, row_bytes % kLoop / kStep);
}

void multiply_nibbles(const Panel &panel) {
  const size_t weights = static_cast<size_t>(round_up(panel.cols, kStep));
  multiply_tiles(kNibbleKernels[(panel.columns - 1) / 2], panel, weights / 2, weights / kLoop, weights % kLoop / kStep);
}
constexpr NibbleKernels kNibbles = {{kTile, kNibbleRows, kStep}, multiply_nibbles};

extern "C" SparseKernel sk_i8mm_sparse_n2, sk_i8mm_sparse_n4;
constexpr SparseKernels kSparse = {SparseKernels::kPairs, kSparseStep, {2, 2, 4, 4}, 0, {0.7f, 0.7f},
                                   multiply_sparse<sk_i8mm_sparse_n2, sk_i8mm_sparse_n2, sk_i8mm_sparse_n4>};

}  // namespace

const sk_kernels kI8mm = {"i8mm", kNeedI8mm, {kTile, 4, kStep}, {kStep, 2, 0}, multiply, &kVectorNeon, &kSparse, &kNibbles};

}  // namespace sk
