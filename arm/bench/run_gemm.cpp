// Runs one product a number of times, for a simulator that counts instructions: the difference between two runs whose
// arguments are equally long is the cost of the calls alone. Usage: run_gemm KERNELS M K N TIMES [PERCENT]
// PERCENT: of the blocks of a sparse matrix, those that are stored.
#include <stdio.h>
#include <stdlib.h>

#include "problem.h"

int main(int argc, char **argv) {
  if (argc != 6 && argc != 7) {
    fprintf(stderr, "usage: run_gemm KERNELS M K N TIMES [PERCENT]\n");
    return 2;
  }
  const sk_kernels *kernels = sk_kernels_named(argv[1]);
  if (!kernels) {
    fprintf(stderr, "run_gemm: this CPU or this build has no kernels named %s\n", argv[1]);
    return 1;
  }
  Problem problem(kernels, atoi(argv[2]), atoi(argv[3]), atoi(argv[4]),
                  argc == 7 ? atoi(argv[6]) : Problem::kWhole);
  if (!problem.good()) {
    fprintf(stderr, "run_gemm: these sizes cannot be packed: a sparse matrix has whole blocks of 16 x 4 here\n");
    return 1;
  }
  for (int i = atoi(argv[5]); i > 0; --i) problem.run();
  return 0;
}
