// One tester over every sparse kernel: products of sparse matrices are those of the whole ones, bit for bit, with every
// buffer against a guard page. Usage: test_sparse full|thin
//   full   every M and K from 1 to 40 with a stored share of blocks that changes, and the models' shapes
//   thin   sizes around tiles and steps (for emulators)
#include "products.h"

#include <algorithm>

#include "faulty.h"

namespace {

constexpr int kRows = SK_BLOCK_ROWS, kStep = SK_BLOCK_COLS;

// Which blocks are stored: none, one, a share in percent (100: all).
constexpr int kNone = 0, kOne = -1;
constexpr int kShares[] = {kNone, kOne, 10, 25, 50, 75, 90, 100};

bool draw_stored(std::mt19937 &random, int share, int block, int one) {
  return share == kOne ? block == one : static_cast<int>(random() % 100) < share;
}

Problem make_sparse(int rows, int cols, int max_columns, int share, Values values, unsigned seed) {
  std::mt19937 random(seed);
  Problem p = make_problem(rows, cols, max_columns, false, values, seed);
  const std::vector<int> w = p.w;
  std::fill(p.w.begin(), p.w.end(), 0);
  const int tiles = (rows + kRows - 1) / kRows, steps = (cols + kStep - 1) / kStep, tile_bytes = (steps + 7) / 8;
  const int one = static_cast<int>(random() % static_cast<unsigned>(tiles * steps));
  p.bitmap.assign(static_cast<size_t>(tiles * tile_bytes), 0);
  for (int block = 0; block < tiles * steps; ++block) {
    const int tile = block / steps, step = block % steps;
    if (!draw_stored(random, share, block, one)) continue;
    p.bitmap[static_cast<size_t>(tile * tile_bytes + step / 8)] |= static_cast<uint8_t>(1 << (step % 8));
    for (int m = tile * kRows; m < (tile + 1) * kRows; ++m) {
      for (int k = step * kStep; k < (step + 1) * kStep; ++k) {
        const size_t at = static_cast<size_t>(m * cols + k);
        const bool is_inside = m < rows && k < cols;
        if (is_inside) p.w[at] = w[at];
        p.blocks.push_back(static_cast<int8_t>(is_inside ? w[at] : 0));
      }
    }
  }
  fill_sums(&p);
  return p;
}

bool check_filled(const Problem &p) {
  std::vector<int8_t> w(p.w.size(), 1);
  sk_fill_sparse(p.rows, p.cols, p.blocks.data(), p.bitmap.data(), w.data());
  if (std::equal(w.begin(), w.end(), p.w.begin())) return true;
  fprintf(stderr, "M=%d K=%d: the whole matrix is another one than its blocks\n", p.rows, p.cols);
  return false;
}

bool check_stored(Checker &checker, const Problem &p, const std::vector<int> &columns, unsigned seed) {
  return check_filled(p) && check_problem(checker, p, columns, seed);
}

// Every (M, K) of the sizes with every N; the stored share and the values change from one to the next.
bool check_sizes(Checker &checker, const std::vector<int> &sizes, const std::vector<int> &columns) {
  return check_grid(sizes, [&](int rows, int cols, unsigned seed) {
    const Values values = kAllValues[seed / 8 % 4];
    return check_stored(checker, make_sparse(rows, cols, columns.back(), kShares[seed % 8], values, seed), columns, seed);
  });
}

// More than one panel of rows; every share; sums of one sign, which are the largest.
bool check_shapes(Checker &checker, bool thin) {
  const std::vector<Shape> shapes = thin ? std::vector<Shape>{{525, 96}} : std::vector<Shape>{{6144, 320}, {576, 192}, {1037, 1030}};
  unsigned seed = 1000;
  for (const Shape &shape : shapes) {
    for (const int share : kShares) {
      for (const Values values : {Values::kRandom, Values::kAllLow}) {
        const Problem p = make_sparse(shape.rows, shape.cols, 5, share, values, ++seed);
        if (!check_stored(checker, p, {1, 2, 3, 4, 5}, seed)) return false;
      }
    }
  }
  return true;
}

bool check_kernels(const sk_kernels *kernels, bool thin) {
  Checker checker(kernels, 8u << 20);
  const bool good = thin ? check_sizes(checker, {1, 3, 15, 16, 17, 33, 48, 80}, {1, 2, 3, 4, 5, 7})
                         : check_sizes(checker, up_to(40), {1, 2, 3, 4, 5, 8, 17});
  return good && check_shapes(checker, thin);
}

bool check_refusals(const sk_kernels *kernels) {
  int8_t blocks[2 * kRows * kStep] = {};
  alignas(64) char memory[4096];
  sk_matrix matrix;
  const auto status = [&](int rows, int cols, uint8_t bits, int at, int8_t value) {
    const uint8_t bitmap[1] = {bits};
    memset(blocks, 0, sizeof blocks);
    blocks[at] = value;
    return sk_pack_sparse(kernels, rows, cols, blocks, bitmap, memory, &matrix);
  };
  return refuses("weight -128", status(16, 8, 3, 70, -128), SK_BAD_WEIGHT) &&
         refuses("a block outside", status(16, 8, 5, 0, 1), SK_BAD_BLOCKS) &&
         refuses("a row outside", status(15, 8, 3, 62, 1), SK_BAD_BLOCKS) &&
         refuses("a column outside", status(16, 7, 3, 67, 1), SK_BAD_BLOCKS) &&
         refuses("no rows", status(0, 8, 3, 0, 1), SK_BAD_SIZE) &&
         refuses("too many columns", status(16, 65536 * 4, 3, 0, 1), SK_BAD_SIZE) &&
         refuses("good blocks", status(15, 7, 3, 66, 1), SK_OK);
}

bool check_tester() {
  return notices_faults([](const sk_kernels *kernels) { return check_kernels(kernels, true); },
                        {sk_kernels_named("scalar"), &kDropping, &kReadingOn});
}

}  // namespace

int main(int argc, char **argv) {
  const bool thin = argc == 2 && strcmp(argv[1], "thin") == 0;
  if (argc != 2 || (!thin && strcmp(argv[1], "full") != 0)) {
    fprintf(stderr, "usage: test_sparse full|thin\n");
    return 2;
  }
  if (!check_tester()) return 1;
  const auto check = [thin](const sk_kernels *kernels) { return check_refusals(kernels) && check_kernels(kernels, thin); };
  const auto lacks = [](const sk_kernels *kernels) { return kernels->sparse ? nullptr : "no sparse products"; };
  return check_all_kernels(check, lacks) ? 0 : 1;
}
