// ARMv8.0 NEON: hands whole tiles of eight rows, then the last tile, to the assembly kernels.
#include "sparse_arm.h"

namespace sk {
namespace {

// See sk_kernel in neon.inc.
using Kernel = void(const uint8_t *weights, const uint8_t *x, int32_t *sums, size_t blocks, size_t tiles,
                    size_t sums_stride, size_t half, size_t block_bytes);

extern "C" Kernel sk_neon_n1, sk_neon_n1_tail1, sk_neon_n1_tail2, sk_neon_n1_tail3, sk_neon_n1_tail4, sk_neon_n1_tail5,
    sk_neon_n1_tail6, sk_neon_n1_tail7, sk_neon_n2, sk_neon_n2_tail1, sk_neon_n2_tail2, sk_neon_n2_tail3,
    sk_neon_n2_tail4, sk_neon_n3, sk_neon_n3_tail1, sk_neon_n3_tail2, sk_neon_n3_tail3, sk_neon_n3_tail4, sk_neon_n4,
    sk_neon_n4_tail1, sk_neon_n4_tail2, sk_neon_n4_tail3, sk_neon_n4_tail4;
extern "C" Kernel sk_neon_nibbles_n1, sk_neon_nibbles_n1_tail2, sk_neon_nibbles_n1_tail4, sk_neon_nibbles_n1_tail6,
    sk_neon_nibbles_n2, sk_neon_nibbles_n2_tail2, sk_neon_nibbles_n2_tail4, sk_neon_nibbles_n3, sk_neon_nibbles_n3_tail2,
    sk_neon_nibbles_n3_tail4, sk_neon_nibbles_n4, sk_neon_nibbles_n4_tail2, sk_neon_nibbles_n4_tail4;

constexpr int kTile = 8, kBlock = 16;

// The kernels for one count of columns; tails[r] takes the last r rows, where there are more than `longest` in pieces.
struct Kernels {
  Kernel *whole;
  int passes;  // tiles that `whole` makes of eight rows
  int longest;
  Kernel *tails[kTile];
};

constexpr Kernels kKernels[kVectorColumns] = {
    {sk_neon_n1, 1, 7, {nullptr, sk_neon_n1_tail1, sk_neon_n1_tail2, sk_neon_n1_tail3, sk_neon_n1_tail4,
                        sk_neon_n1_tail5, sk_neon_n1_tail6, sk_neon_n1_tail7}},
    {sk_neon_n2, 1, 4, {nullptr, sk_neon_n2_tail1, sk_neon_n2_tail2, sk_neon_n2_tail3, sk_neon_n2_tail4}},
    {sk_neon_n3, 2, 4, {nullptr, sk_neon_n3_tail1, sk_neon_n3_tail2, sk_neon_n3_tail3, sk_neon_n3_tail4}},
    {sk_neon_n4, 2, 4, {nullptr, sk_neon_n4_tail1, sk_neon_n4_tail2, sk_neon_n4_tail3, sk_neon_n4_tail4}},
};

// Of pairs of rows.
constexpr Kernels kNibbleKernels[kVectorColumns] = {
    {sk_neon_nibbles_n1, 1, 6, {nullptr, nullptr, sk_neon_nibbles_n1_tail2, nullptr, sk_neon_nibbles_n1_tail4, nullptr,
                                sk_neon_nibbles_n1_tail6}},
    {sk_neon_nibbles_n2, 1, 4, {nullptr, nullptr, sk_neon_nibbles_n2_tail2, nullptr, sk_neon_nibbles_n2_tail4}},
    {sk_neon_nibbles_n3, 2, 4, {nullptr, nullptr, sk_neon_nibbles_n3_tail2, nullptr, sk_neon_nibbles_n3_tail4}},
    {sk_neon_nibbles_n4, 2, 4, {nullptr, nullptr, sk_neon_nibbles_n4_tail2, nullptr, sk_neon_nibbles_n4_tail4}},
};

// row_block: packed bytes of a block of one row.
void multiply_rows(const Kernels &kernels, const Panel &panel, int all_rows, int row_block) {
  const int last = panel.cols % kBlock;
  const size_t half = last > 0 && last <= kBlock / 2;
  const size_t blocks = static_cast<size_t>((panel.cols + kBlock - 1) / kBlock) - half;
  const size_t stride = kPanelRows * sizeof(int32_t);
  const size_t tiles = static_cast<size_t>(all_rows / kTile);
  if (tiles) {
    kernels.whole(panel.weights, panel.x, panel.sums, blocks, tiles * static_cast<size_t>(kernels.passes), stride, half,
                  static_cast<size_t>(kTile * row_block));
  }
  const int rest = all_rows % kTile;
  const uint8_t *weights = panel.weights + tiles * static_cast<size_t>(kTile * row_block) * (blocks + half);
  int32_t *sums = panel.sums + tiles * kTile;
  for (int done = 0; done < rest;) {
    const int rows = rest - done < kernels.longest ? rest - done : kernels.longest;
    kernels.tails[rows](weights + done * row_block, panel.x, sums + done, blocks, 1, stride, half,
                        static_cast<size_t>(rest * row_block));
    done += rows;
  }
}

void multiply(const Panel &panel) { multiply_rows(kKernels[panel.columns - 1], panel, panel.rows, kBlock); }

void multiply_nibbles(const Panel &panel) {
  multiply_rows(kNibbleKernels[panel.columns - 1], panel, round_up(panel.rows, 2), kBlock / 2);
}
constexpr NibbleKernels kNibbles = {{kTile, 2, kBlock}, multiply_nibbles};

extern "C" SparseKernel sk_neon_sparse_n1, sk_neon_sparse_n2, sk_neon_sparse_n4;
constexpr SparseKernels kSparse = {SparseKernels::kHalves, 16, {1, 2, 4, 4}, 0, {0.85f, 0.9f},
                                   multiply_sparse<sk_neon_sparse_n1, sk_neon_sparse_n2, sk_neon_sparse_n4>};

}  // namespace

const sk_kernels kNeon = {"neon", kNeeds, {kTile, 1, kBlock}, {kBlock, 1, 0}, multiply, &kVectorNeon, &kSparse, &kNibbles};

}  // namespace sk
