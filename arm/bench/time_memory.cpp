// Prints the class of the CPU it runs on, the name of its fastest kernels (SCHATTEN_KERNELS allowing); then, for every line
// BYTES on standard input, how fast one core reads that many bytes in turn again and again, in bytes a second: the most of
// several rounds. What a product cannot exceed whose weights are that many. One thread.
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <vector>

#include "../engine/failure.h"
#include "../engine/output.h"
#include "schatten_kernels.h"

namespace {

typedef uint64_t Words __attribute__((vector_size(16)));
constexpr size_t kStreams = 4, kAtOnce = 4;  // places that are read in turn, as products do, and words from each

double now() {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// What is read must be used, or the compiler would not read it.
uint64_t read_all(const std::vector<Words> &memory) {
  Words sums[kStreams][kAtOnce] = {};
  const size_t part = memory.size() / kStreams;
  for (size_t i = 0; i + kAtOnce <= part; i += kAtOnce) {
    for (size_t stream = 0; stream < kStreams; ++stream) {
      for (size_t k = 0; k < kAtOnce; ++k) sums[stream][k] ^= memory[stream * part + i + k];
    }
  }
  uint64_t all = 0;
  for (const auto &stream : sums) {
    for (const Words &sum : stream) all ^= sum[0] ^ sum[1];
  }
  return all;
}

double bytes_a_second(size_t bytes) {
  constexpr double kSeconds = 0.005;
  constexpr int kRounds = 40;
  std::vector<Words> memory(std::max(bytes / sizeof(Words), kStreams * kAtOnce), Words{1, 2});
  const double size = static_cast<double>(memory.size() * sizeof(Words));
  volatile uint64_t used = read_all(memory);
  double most = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double start = now();
    double spent = 0;
    int times = 0;
    for (; spent < kSeconds; ++times, spent = now() - start) used = used ^ read_all(memory);
    most = std::max(most, times * size / spent);
  }
  return most;
}

int run() {
  const char *problem = sk_kernels_problem();
  schatten::require(problem == nullptr, problem ? problem : "");
  printf("%s\n", sk_cpu_class());
  schatten::require_written();
  double bytes;
  while (scanf("%lf", &bytes) == 1) {
    schatten::require(bytes >= 1 && bytes <= 1e9, "give 1 .. 1e9 bytes");
    printf("%.0f\n", bytes_a_second(static_cast<size_t>(bytes)));
    schatten::require_written();
  }
  return 0;
}

}  // namespace

int main() { return schatten::guarded_main("time_memory", run); }
