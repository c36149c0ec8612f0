// Prints what each of the kernels needs of a CPU, `NAME NEEDS`, as bits of sk::Need; fails where they would run without one
// of those, or not run with all.
#include <stdio.h>

#include "internal.h"

namespace {

using namespace sk;

const sk_kernels *const kAll[] = {
    &kScalar,
#if defined(__aarch64__)
    &kNeon, &kDotprod, &kI8mm,
#elif defined(__arm__)
    &kNeon,
#elif defined(__x86_64__)
    &kAvx2, &kAvxVnni, &kAvx512Vnni, &kAmx,
#endif
};

}  // namespace

int main() {
  for (const sk_kernels *kernels : kAll) {
    const unsigned needs = kernels->needs | kernels->vector->needs;
    bool holds = can_run(*kernels, needs) && can_run(*kernels, ~0u);
    for (unsigned bit = 1; bit; bit <<= 1) holds = holds && can_run(*kernels, ~bit) == !(needs & bit);
    printf("%s %u\n", kernels->name, needs);
    if (!holds) return 1;
  }
  return 0;
}
