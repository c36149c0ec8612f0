// Times products on the CPU it runs on. Reads lines "KERNELS M K N" (KERNELS may be "best"), writes lines
// "KERNELS M K N MICROSECONDS FROM_FLOAT", the second time with the columns quantized from float: the least of several
// rounds, each long enough for the clock. One thread. Usage: time_gemm [PERCENT]
// PERCENT: of the blocks of sparse matrices, those that are stored.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <chrono>

#include "../engine/failure.h"
#include "../engine/output.h"
#include "problem.h"

namespace {

using Run = void (Problem::*)();

double microseconds(Problem &problem, Run run, int times) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) (problem.*run)();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() / times;
}

double least(Problem &problem, Run run) {
  constexpr double kRoundMicroseconds = 3000;
  constexpr int kRounds = 15;
  const double once = microseconds(problem, run, 3);
  const int times = once < kRoundMicroseconds ? static_cast<int>(kRoundMicroseconds / once) + 1 : 1;
  double best = once;
  for (int i = 0; i < kRounds; ++i) {
    const double round = microseconds(problem, run, times);
    best = round < best ? round : best;
  }
  return best;
}

int run(int percent) {
  const char *refused = sk_kernels_problem();
  schatten::require(refused == nullptr, refused ? refused : "");
  char name[32];
  int rows, cols, columns;
  while (scanf("%31s %d %d %d", name, &rows, &cols, &columns) == 4) {
    const sk_kernels *best = percent == Problem::kWhole ? sk_kernels_best(rows, cols, columns) : sk_kernels_best_sparse(columns);
    const sk_kernels *kernels = strcmp(name, "best") == 0 ? best : sk_kernels_named(name);
    if (!kernels) {
      fprintf(stderr, "time_gemm: this CPU or this build has no kernels named %s\n", name);
      return 1;
    }
    Problem problem(kernels, rows, cols, columns, percent);
    if (!problem.good()) return 1;
    const double from_int8 = least(problem, &Problem::run), from_float = least(problem, &Problem::run_float);
    printf("%s %d %d %d %.3f %.3f\n", sk_kernels_name(kernels), rows, cols, columns, from_int8, from_float);
    schatten::require_written();
  }
  return 0;
}

}  // namespace

int main(int argc, char **argv) {
  const int percent = argc == 2 ? atoi(argv[1]) : Problem::kWhole;
  return schatten::guarded_main("time_gemm", [percent] { return run(percent); });
}
