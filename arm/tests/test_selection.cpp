// The choice of a beam's best: the right ones, and in the same order with every C++ library.
#include <stdint.h>
#include <stdio.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "selection.h"

namespace {

// FNV-1a over the order of all selections below.
constexpr uint64_t kChecksum = 0x5d3c7d39965c30e4;
constexpr int kBeams = 2000;

bool check() {
  std::mt19937 random(1);
  const auto below = [&](unsigned limit) { return static_cast<int>(random() % limit); };
  uint64_t checksum = 14695981039346656037u;
  for (int beam = 0; beam < kBeams; ++beam) {
    const int size = 1 + below(beam % 20 ? 60 : 3000), levels = 1 + below(1000);  // few levels: many paths are alike
    std::vector<int> weights(static_cast<size_t>(size)), order(weights.size());
    for (int &weight : weights) weight = below(static_cast<unsigned>(beam % 3 ? 1 << 30 : levels));
    std::iota(order.begin(), order.end(), 0);
    const auto better = [&](int a, int b) {
      const int left = weights[static_cast<size_t>(a)], right = weights[static_cast<size_t>(b)];
      return left != right ? left > right : a < b;
    };
    const size_t count = static_cast<size_t>(below(static_cast<unsigned>(size)));
    std::vector<int> sorted = order, ours = order;
    std::sort(sorted.begin(), sorted.end(), better);
    schatten::select_best(ours.data(), count, ours.data() + ours.size(), better);
    for (const int path : ours) checksum = (checksum ^ static_cast<uint64_t>(path)) * 1099511628211u;
    std::sort(ours.begin(), ours.begin() + static_cast<ptrdiff_t>(count), better);
    if (std::equal(ours.begin(), ours.begin() + static_cast<ptrdiff_t>(count), sorted.begin())) continue;
    fprintf(stderr, "of beam %d, %d paths, the best %zu are others\n", beam, size, count);
    return false;
  }
  if (checksum == kChecksum) return true;
  fprintf(stderr, "the checksum is 0x%016llx, not 0x%016llx\n", static_cast<unsigned long long>(checksum),
          static_cast<unsigned long long>(kChecksum));
  return false;
}

}  // namespace

int main() { return check() ? 0 : 1; }
