// Times the vector arithmetic on the CPU it runs on beside the C library's functions in a scalar loop: lines
// "FUNCTION KERNELS NANOSECONDS LIBRARY_NANOSECONDS" per element, the least of several rounds. One thread.
#include <math.h>
#include <stdio.h>

#include <chrono>
#include <vector>

#include "../engine/output.h"
#include "schatten_kernels.h"

namespace {

constexpr int kCount = 1024;  // a layer's gates: in the first-level cache
constexpr int kRounds = 200, kTimes = 20;

template <class Run>
double nanoseconds(const Run &run) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kTimes; ++i) run();
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    best = spent.count() < best ? spent.count() : best;
  }
  return best / (kTimes * kCount);
}

struct Function {
  const char *name;
  void (*ours)(const sk_kernels *, const float *, float *, int);
  float (*library)(float);
};

float library_sigmoid(float x) { return 1 / (1 + expf(-x)); }

const Function kFunctions[] = {
    {"exp", sk_exp, expf}, {"log", sk_log, logf}, {"sigmoid", sk_sigmoid, library_sigmoid}, {"tanh", sk_tanh, tanhf}};

int run() {
  std::vector<float> x, y(kCount);
  for (int i = 0; i < kCount; ++i) x.push_back(0.01f + 8.0f * static_cast<float>(i * 37 % kCount) / kCount);
  for (const Function &function : kFunctions) {
    const double library = nanoseconds([&] {
      for (int i = 0; i < kCount; ++i) y[static_cast<size_t>(i)] = function.library(x[static_cast<size_t>(i)]);
    });
    for (int i = 0; sk_kernels_list(i); ++i) {
      const sk_kernels *kernels = sk_kernels_named(sk_kernels_list(i));
      if (!kernels) continue;
      const double ours = nanoseconds([&] { function.ours(kernels, x.data(), y.data(), kCount); });
      printf("%s %s %.3f %.3f\n", function.name, sk_kernels_name(kernels), ours, library);
    }
  }
  return 0;
}

}  // namespace

int main() { return schatten::guarded_main("time_vector", run); }
