// Sums over the paths of state graphs, frame by frame, in the log domain.
//
// train/sweeps.py compiles this file when a graph loss is first computed on a CPU, and holds the
// same sums in torch's operations. docs/performance.md says what it gains. Matrices are stored by
// rows. -1e30 stands for log 0.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace {

// The compiler makes a version for each of these instruction sets; the loader takes the best one.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EVERY_CPU __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EVERY_CPU
#endif
#define INLINED inline __attribute__((always_inline))

// States whose sums are held at once: they stay in the first cache, and fill the vectors.
constexpr int64_t BLOCK = 256;

INLINED double exponential(double x) { return std::exp(x); }

// e^x for x <= 0 to 2e-7 of its value, by Cephes' polynomial (S. Moshier); 0 below -87. A loop of
// it becomes vector instructions, which one of std::exp would not.
INLINED float exponential(float x) {
  const float near = x < -87.0f ? -87.0f : x > 87.0f ? 87.0f : x;
  const float shift = 12582912.0f;  // 1.5 * 2^23: the sum's low bits are the nearest whole number
  const float sum = near * 1.44269504088896341f + shift;
  const float whole = sum - shift;
  const float rest = (near - whole * 0.693359375f) + whole * 2.12194440e-4f;  // ln 2 in two parts
  float value = 1.9875691500e-4f;
  value = value * rest + 1.3981999507e-3f;
  value = value * rest + 8.3334519073e-3f;
  value = value * rest + 4.1665795894e-2f;
  value = value * rest + 1.6666665459e-1f;
  value = value * rest + 5.0000001201e-1f;
  value = value * rest * rest + rest + 1.0f;
  const int32_t power = (static_cast<int32_t>(whole) + 127) << 23;
  float scale;
  std::memcpy(&scale, &power, sizeof scale);
  return x < -87.0f ? 0.0f : value * scale;
}

INLINED double log_of_1_and(double x) { return std::log1p(x); }

// log(1 + x) for x in 0..1: 2 artanh(x / (2 + x)), its series up to where a term is below 1e-8.
INLINED float log_of_1_and(float x) {
  const float s = x / (2.0f + x);
  const float square = s * s;  // up to 1/9
  float value = 1.0f / 15.0f;
  value = value * square + 1.0f / 13.0f;
  value = value * square + 1.0f / 11.0f;
  value = value * square + 1.0f / 9.0f;
  value = value * square + 1.0f / 7.0f;
  value = value * square + 1.0f / 5.0f;
  value = value * square + 1.0f / 3.0f;
  return 2.0f * (s + s * square * value);
}

// log(e^a + e^b); NaN if one of them is.
template <typename T>
INLINED T joined(T a, T b) {
  const T most = a > b ? a : b, less = a > b ? b : a;
  return most + log_of_1_and(exponential(less - most));
}

// counts (places), index, weights (null for 0): of Gathering, nodes by rank. columns, turned
// (nodes): where a node's emission is in a row of table (frames, width), and whether it runs
// backwards in time. reached (frames + 1, nodes): its first row is read, the others are written.
template <typename T>
INLINED void sweep(int64_t frames, int64_t width, int64_t nodes, int64_t places,
                   const int64_t* __restrict counts, const int32_t* __restrict index,
                   const int32_t* __restrict columns, const int32_t* __restrict turned,
                   const T* __restrict weights, const T* __restrict table, T* reached) {
  T sums[BLOCK];
  for (int64_t frame = 0; frame < frames; ++frame) {
    const T* __restrict before = reached + frame * nodes;
    T* __restrict after = reached + (frame + 1) * nodes;
    const T* __restrict row = table + frame * width;
    const int64_t shift = (frames - 1 - 2 * frame) * width;
    for (int64_t begin = 0; begin < counts[0]; begin += BLOCK) {
      int64_t offset = begin;
      for (int64_t place = 0; place < places && counts[place] > begin; ++place) {
        const int64_t size = std::min(BLOCK, counts[place] - begin);
        const int32_t* __restrict from = index + offset;
        const T* __restrict weight = weights ? weights + offset : nullptr;
        if (place == 0 && weight) {
#pragma GCC ivdep
          for (int64_t i = 0; i < size; ++i) sums[i] = before[from[i]] + weight[i];
        } else if (place == 0) {
#pragma GCC ivdep
          for (int64_t i = 0; i < size; ++i) sums[i] = before[from[i]];
        } else if (weight) {
#pragma GCC ivdep
          for (int64_t i = 0; i < size; ++i) {
            sums[i] = joined(sums[i], before[from[i]] + weight[i]);
          }
        } else {
#pragma GCC ivdep
          for (int64_t i = 0; i < size; ++i) sums[i] = joined(sums[i], before[from[i]]);
        }
        offset += counts[place];
      }
      const int64_t size = std::min(BLOCK, counts[0] - begin);
#pragma GCC ivdep
      for (int64_t i = 0; i < size; ++i) {
        after[begin + i] = sums[i] + row[columns[begin + i] + turned[begin + i] * shift];
      }
    }
  }
}

// forward, backward (states): ranks of each state in both directions. columns, utterances (states).
// likelihoods: of each utterance. Adds to occupied (frames, outputs) what each state has of its
// utterance's probability. The order of the sums is that of the states.
template <typename T>
INLINED void occupy(int64_t frames, int64_t width, int64_t nodes, int64_t states, int64_t outputs,
                    const int32_t* __restrict forward, const int32_t* __restrict backward,
                    const int32_t* __restrict columns, const int32_t* __restrict utterances,
                    const T* __restrict likelihoods, const T* __restrict table,
                    const T* __restrict reached, T* __restrict occupied) {
  T shares[BLOCK];
  for (int64_t frame = 0; frame < frames; ++frame) {
    const T* __restrict alpha = reached + (frame + 1) * nodes;
    const T* __restrict beta = reached + (frames + 1 - frame) * nodes;
    const T* __restrict row = table + frame * width;
    T* __restrict sums = occupied + frame * outputs;
    for (int64_t begin = 0; begin < states; begin += BLOCK) {
      const int64_t size = std::min(BLOCK, states - begin);
#pragma GCC ivdep
      for (int64_t i = 0; i < size; ++i) {
        const int64_t at = begin + i;
        // Both directions count the emission.
        shares[i] = exponential(alpha[forward[at]] + beta[backward[at]] - row[columns[at]] -
                                likelihoods[utterances[at]]);
      }
      for (int64_t i = 0; i < size; ++i) sums[columns[begin + i]] += shares[i];
    }
  }
}

}  // namespace

#define DEFINE(TYPE)                                                                              \
  extern "C" FOR_EVERY_CPU void sweep_##TYPE(                                                     \
      int64_t frames, int64_t width, int64_t nodes, int64_t places, const int64_t* counts,        \
      const int32_t* index, const int32_t* columns, const int32_t* turned, const TYPE* weights,   \
      const TYPE* table, TYPE* reached) {                                                         \
    sweep<TYPE>(frames, width, nodes, places, counts, index, columns, turned, weights, table,     \
                reached);                                                                         \
  }                                                                                               \
  extern "C" FOR_EVERY_CPU void occupy_##TYPE(                                                    \
      int64_t frames, int64_t width, int64_t nodes, int64_t states, int64_t outputs,              \
      const int32_t* forward, const int32_t* backward, const int32_t* columns,                    \
      const int32_t* utterances, const TYPE* likelihoods, const TYPE* table, const TYPE* reached, \
      TYPE* occupied) {                                                                           \
    occupy<TYPE>(frames, width, nodes, states, outputs, forward, backward, columns, utterances,   \
                 likelihoods, table, reached, occupied);                                          \
  }

DEFINE(float)
DEFINE(double)
