// ARMv8.2 dot products (sdot): four rows by four weights an instruction.
#include "dot_tiles.h"
#include "sparse_arm.h"

namespace sk {
namespace {

extern "C" Kernel sk_dotprod_n1_pair, sk_dotprod_n1_q4, sk_dotprod_n1_q3, sk_dotprod_n1_q2, sk_dotprod_n1_q1,
    sk_dotprod_n2_pair, sk_dotprod_n2_q4, sk_dotprod_n2_q3, sk_dotprod_n2_q2, sk_dotprod_n2_q1, sk_dotprod_n3_q4,
    sk_dotprod_n3_q3, sk_dotprod_n3_q2, sk_dotprod_n3_q1, sk_dotprod_n4_q4, sk_dotprod_n4_q3, sk_dotprod_n4_q2,
    sk_dotprod_n4_q1;
extern "C" Kernel sk_dotprod_nibbles_n1_pair, sk_dotprod_nibbles_n1_q4, sk_dotprod_nibbles_n1_q2, sk_dotprod_nibbles_n2_pair,
    sk_dotprod_nibbles_n2_q4, sk_dotprod_nibbles_n2_q2, sk_dotprod_nibbles_n3_q4, sk_dotprod_nibbles_n3_q2,
    sk_dotprod_nibbles_n4_q4, sk_dotprod_nibbles_n4_q2;

constexpr Kernels kKernels[kVectorColumns] = {
    {sk_dotprod_n1_pair, {nullptr, sk_dotprod_n1_q1, sk_dotprod_n1_q2, sk_dotprod_n1_q3, sk_dotprod_n1_q4}},
    {sk_dotprod_n2_pair, {nullptr, sk_dotprod_n2_q1, sk_dotprod_n2_q2, sk_dotprod_n2_q3, sk_dotprod_n2_q4}},
    {nullptr, {nullptr, sk_dotprod_n3_q1, sk_dotprod_n3_q2, sk_dotprod_n3_q3, sk_dotprod_n3_q4}},
    {nullptr, {nullptr, sk_dotprod_n4_q1, sk_dotprod_n4_q2, sk_dotprod_n4_q3, sk_dotprod_n4_q4}},
};

constexpr Kernels kNibbleKernels[kVectorColumns] = {
    nibble_kernels(sk_dotprod_nibbles_n1_pair, sk_dotprod_nibbles_n1_q2, sk_dotprod_nibbles_n1_q4),
    nibble_kernels(sk_dotprod_nibbles_n2_pair, sk_dotprod_nibbles_n2_q2, sk_dotprod_nibbles_n2_q4),
    nibble_kernels(nullptr, sk_dotprod_nibbles_n3_q2, sk_dotprod_nibbles_n3_q4),
    nibble_kernels(nullptr, sk_dotprod_nibbles_n4_q2, sk_dotprod_nibbles_n4_q4),
};

constexpr int kStep = 4, kBlock = 16;

void multiply(const Panel &panel) {
  const size_t row_bytes = static_cast<size_t>(round_up(panel.cols, kStep));
  multiply_tiles(kKernels[panel.columns - 1], panel, row_bytes, row_bytes / kBlock, row_bytes % kBlock / kStep);
}

void multiply_nibbles(const Panel &panel) {
  const size_t weights = static_cast<size_t>(round_up(panel.cols, kStep));
  multiply_tiles(kNibbleKernels[panel.columns - 1], panel, weights / 2, weights / kBlock, weights % kBlock / kStep);
}
constexpr NibbleKernels kNibbles = {{kTile, kNibbleRows, kStep}, multiply_nibbles};

extern "C" SparseKernel sk_dotprod_sparse_n1, sk_dotprod_sparse_n2, sk_dotprod_sparse_n4;
constexpr SparseKernels kSparse = {SparseKernels::kRows, kSparseStep, {1, 2, 4, 4}, 0, {0.7f, 0.9f},
                                   multiply_sparse<sk_dotprod_sparse_n1, sk_dotprod_sparse_n2, sk_dotprod_sparse_n4>};

}  // namespace

const sk_kernels kDotprod = {"dotprod", kNeedDotprod, {kTile, 4, kStep}, {kBlock, 1, 0}, multiply, &kVectorNeon, &kSparse,
                             &kNibbles};

}  // namespace sk
