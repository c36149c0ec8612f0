// Runs one product a number of times, for a simulator that counts instructions: the difference between two runs whose
// arguments are equally long is the cost of the calls alone. Usage: run_gemm KERNELS M K N TIMES [PERCENT | int4]
// PERCENT: of the blocks of a sparse matrix, those that are stored. int4: a matrix of 4 bits.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "problem.h"

int main(int argc, char **argv) {
  if (argc != 6 && argc != 7) {
    fprintf(stderr, "usage: run_gemm KERNELS M K N TIMES [PERCENT | int4]\n");
    return 2;
  }
  const sk_kernels *kernels = sk_kernels_named(argv[1]);
  if (!kernels) {
    fprintf(stderr, "run_gemm: this CPU or this build has no kernels named %s\n", argv[1]);
    return 1;
  }
  const int form = argc < 7 ? Problem::kWhole : strcmp(argv[6], "int4") == 0 ? Problem::kNibbles : atoi(argv[6]);
  Problem problem(kernels, atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), form);
  if (!problem.good()) {
    fprintf(stderr, "run_gemm: these sizes cannot be packed: a sparse matrix has whole blocks of 16 x 4 here, and not all kernels have 4 bits\n");
    return 1;
  }
  for (int i = atoi(argv[5]); i > 0; --i) problem.run();
  return 0;
}
