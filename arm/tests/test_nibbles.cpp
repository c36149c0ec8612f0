// One tester over every kernel for matrices of 4 bits: products are those of the same weights in 8 bits, bit for bit, with
// every buffer against a guard page. Usage: test_nibbles full|thin
//   full   every M and K from 1 to 40, and the models' shapes
//   thin   sizes around tiles and steps (for emulators)
#include "products.h"

#include "faulty.h"

namespace {

constexpr int kMostColumns = 1 << 17;

// The last half byte of an odd row is no weight: any may stand there.
std::vector<uint8_t> in_nibbles(const Problem &p, std::mt19937 &random) {
  std::vector<uint8_t> packed;
  for (int m = 0; m < p.rows; ++m) {
    const int *row = &p.w[static_cast<size_t>(m) * static_cast<size_t>(p.cols)];
    for (int k = 0; k < p.cols; k += 2) {
      const int high = k + 1 < p.cols ? row[k + 1] : static_cast<int>(random());
      packed.push_back(static_cast<uint8_t>((row[k] & 15) | (high & 15) << 4));
    }
  }
  return packed;
}

Problem make_narrow(int rows, int cols, int max_columns, Values values, unsigned seed) {
  std::mt19937 random(seed);
  Problem p = make_problem(rows, cols, max_columns, seed % 2 == 1, values, seed);
  p.weight_zero = 0;
  for (int &w : p.w) w = draw(random, values, -7, 7);
  p.nibbles = in_nibbles(p, random);
  fill_sums(&p);
  return p;
}

// Every (M, K) of the sizes with every N and all values.
bool check_sizes(Checker &checker, const std::vector<int> &sizes, const std::vector<int> &columns) {
  return check_grid(sizes, [&](int rows, int cols, unsigned place) {
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned seed = 4 * place + i;
      const Problem p = make_narrow(rows, cols, columns.back(), kAllValues[i], seed);
      if (!check_problem(checker, p, columns, seed)) return false;
    }
    return true;
  });
}

// More than one panel of rows, and the longest rows: sums of one sign then come near the limit of 32 bits.
bool check_shapes(Checker &checker, bool thin) {
  std::vector<Shape> shapes = {{9, kMostColumns}};
  if (thin) shapes.push_back({525, 96});
  else shapes.insert(shapes.end(), {{6144, 320}, {576, 192}, {1037, 1030}});
  unsigned seed = 1000;
  for (const Shape &shape : shapes) {
    for (const Values values : kAllValues) {
      ++seed;
      if (!check_problem(checker, make_narrow(shape.rows, shape.cols, 5, values, seed), {1, 2, 3, 4, 5}, seed)) return false;
    }
  }
  return true;
}

bool check_size(const sk_kernels *kernels) {
  const size_t narrow = sk_packed_bytes_nibbles(kernels, 6144, 320), wide = sk_packed_bytes(kernels, 6144, 320);
  const size_t sums = 6144 * sizeof(int32_t);
  if (2 * (narrow - sums) == wide - sums) return true;
  fprintf(stderr, "%s: %zu bytes of 4 bits, %zu of 8\n", sk_kernels_name(kernels), narrow, wide);
  return false;
}

bool check_kernels(const sk_kernels *kernels, bool thin) {
  Checker checker(kernels, 8u << 20);
  const bool good = thin ? check_sizes(checker, {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 80}, {1, 2, 3, 4, 5, 7})
                         : check_sizes(checker, up_to(40), {1, 2, 3, 4, 5, 8, 17});
  return good && check_shapes(checker, thin) && check_size(kernels);
}

bool check_refusals(const sk_kernels *kernels) {
  alignas(64) char memory[4096];
  sk_matrix matrix;
  const uint8_t lowest[2] = {0x79, 0x81}, good[2] = {0x79, 0x91};
  const auto status = [&](int rows, int cols, const uint8_t *w) {
    return sk_pack_nibbles(kernels, rows, cols, w, 2, memory, &matrix);
  };
  return refuses("weight -8", status(1, 4, lowest), SK_BAD_NIBBLE) && refuses("-8 past the row", status(1, 3, lowest), SK_OK) &&
         refuses("no rows", status(0, 4, good), SK_BAD_SIZE) && refuses("no columns", status(1, 0, good), SK_BAD_SIZE) &&
         refuses("too many columns", status(1, kMostColumns + 1, good), SK_BAD_SIZE) &&
         refuses("good weights", status(1, 4, good), SK_OK);
}

bool check_tester() {
  return notices_faults([](const sk_kernels *kernels) { return check_kernels(kernels, true); },
                        {sk_kernels_named("scalar"), &kUnborrowing, &kOverreadingNibbles});
}

}  // namespace

int main(int argc, char **argv) {
  const bool thin = argc == 2 && strcmp(argv[1], "thin") == 0;
  if (argc != 2 || (!thin && strcmp(argv[1], "full") != 0)) {
    fprintf(stderr, "usage: test_nibbles full|thin\n");
    return 2;
  }
  if (!check_tester()) return 1;
  const auto check = [thin](const sk_kernels *kernels) { return check_refusals(kernels) && check_kernels(kernels, thin); };
  const auto lacks = [](const sk_kernels *kernels) { return sk_has_nibbles(kernels) ? nullptr : "no products of 4 bits"; };
  return check_all_kernels(check, lacks) ? 0 : 1;
}
