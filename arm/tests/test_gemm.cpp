// One tester over every kernel: each product is checked against sums computed here from its definition, bit for bit, with
// every buffer against a guard page. Usage: test_gemm full|thin [BEST_AT_1 BEST_AT_4]
//   full   every M, K and N from 1 to 40, and the models' shapes
//   thin   sizes around the tiles and blocks of the kernels, and slices of the models' shapes (for emulators)
// BEST_*: the kernels that this CPU must choose for 1 and for 4 columns.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <string>
#include <vector>

#include "faulty.h"
#include "products.h"

namespace {

// Every (M, K) of the sizes with every N of `columns`; values and form change from one to the next.
bool check_sizes(Checker &checker, const std::vector<int> &sizes, const std::vector<int> &columns) {
  return check_grid(sizes, [&](int rows, int cols, unsigned seed) {
    const Problem p = make_problem(rows, cols, columns.back(), seed % 2 == 0, kAllValues[seed / 2 % 4], seed);
    return check_problem(checker, p, columns, seed);
  });
}

// The models' matrices (the papers' and odd ones): recurrent, non-recurrent, fully connected, low-rank, output.
const Shape kShapes[] = {{6144, 320}, {3072, 1024}, {3840, 1280}, {1536, 1280}, {320, 1024}, {3072, 320},
                         {2304, 768}, {29, 1536},   {2000, 500},  {105, 500},   {42, 150},   {513, 1027}};

bool check_shapes(Checker &checker, bool thin) {
  unsigned seed = 100;
  for (Shape shape : kShapes) {
    if (thin && shape.rows > 300) shape.rows = 257 + shape.rows % 40;  // more than one panel
    for (const Values values : {Values::kRandom, Values::kAllLow}) {
      if (thin && values != Values::kAllLow && shape.cols > 1000) continue;
      ++seed;
      const Problem p = make_problem(shape.rows, shape.cols, 5, seed % 2 == 0, values, seed);
      const std::vector<int> columns = thin ? std::vector<int>{1, 2, 3, 4} : std::vector<int>{1, 2, 3, 4, 5};
      if (!check_problem(checker, p, columns, seed)) return false;
    }
  }
  return true;
}

constexpr size_t kLargest = 8u << 20;

bool check_kernels(const sk_kernels *kernels, bool thin) {
  Checker checker(kernels, kLargest);
  const bool good = thin ? check_sizes(checker, {1, 2, 3, 5, 6, 7, 8, 9, 15, 17, 31, 40}, {1, 2, 3, 4, 5, 10}) &&
                               check_sizes(checker, {12, 23, 63, 65, 77, 100}, {1, 2, 3, 4, 7})
                         : check_sizes(checker, up_to(40), up_to(40));
  return good && check_shapes(checker, thin);
}

bool check_refusals(const sk_kernels *kernels) {
  const int8_t lowest[2] = {1, -128};
  const uint8_t zero[2] = {7, 0};
  alignas(64) char memory[4096];
  sk_matrix matrix;
  return refuses("weight -128", sk_pack(kernels, 1, 2, lowest, 2, memory, &matrix), SK_BAD_WEIGHT) &&
         refuses("weight 0", sk_pack_u8(kernels, 2, 1, zero, 1, 128, memory, &matrix), SK_BAD_WEIGHT) &&
         refuses("no rows", sk_pack(kernels, 0, 2, lowest, 2, memory, &matrix), SK_BAD_SIZE) &&
         refuses("zero point", sk_pack_u8(kernels, 1, 1, zero, 1, 256, memory, &matrix), SK_BAD_ZERO_POINT) &&
         refuses("good weights", sk_pack_u8(kernels, 1, 1, zero, 1, 0, memory, &matrix), SK_OK);
}

bool check_tester() {
  return notices_faults([](const sk_kernels *kernels) { return check_kernels(kernels, true); },
                        {sk_kernels_named("scalar"), &kOverflowing, &kOverreading, &kOverwriting});
}

bool check_choice(const char *at_1, const char *at_4) {
  const std::string one = sk_kernels_name(sk_kernels_best(64, 64, 1)), four = sk_kernels_name(sk_kernels_best(64, 64, 4));
  printf("chosen: %s for 1 column, %s for 4\n", one.c_str(), four.c_str());
  return one == at_1 && four == at_4;
}

}  // namespace

int main(int argc, char **argv) {
  const bool thin = argc > 1 && strcmp(argv[1], "thin") == 0;
  if ((argc != 2 && argc != 4) || (!thin && strcmp(argv[1], "full") != 0)) {
    fprintf(stderr, "usage: test_gemm full|thin [BEST_AT_1 BEST_AT_4]\n");
    return 2;
  }
  if (argc == 4 && !check_choice(argv[2], argv[3])) return 1;
  if (!check_tester()) return 1;
  const auto check = [thin](const sk_kernels *kernels) { return check_refusals(kernels) && check_kernels(kernels, thin); };
  return check_all_kernels(check, [](const sk_kernels *) -> const char * { return nullptr; }) ? 0 : 1;
}
