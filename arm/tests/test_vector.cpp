// The vector arithmetic: accuracy against the C library in double precision, the same bits from every instruction set
// (within this CPU by comparison with the scalar code, between CPUs by a checksum), nothing touched past an array's end.
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <random>
#include <vector>

#include "exact_fma.h"
#include "guarded.h"
#include "schatten_kernels.h"

namespace {

// FNV-1a over every result below on the scalar code, the same on x86-64 and AArch64.
constexpr uint64_t kChecksum = 0x42b23675239af71f;

constexpr size_t kArena = 1u << 20;

using sk::exact_fma;
using Function = void (*)(const sk_kernels *, const float *, float *, int);

struct Case {
  const char *name;
  Function function;
  double (*exact)(double);
  float low, high;
  double relative, absolute;  // error allowed: relative * |result| + absolute
};

double exact_sigmoid(double x) { return 1 / (1 + exp(-x)); }

const Case kCases[] = {
    {"exp", sk_exp, exp, -87.0f, 88.0f, 2e-7, 0},
    {"log", sk_log, log, FLT_MIN, 50.0f, 2e-7, 1e-8},
    {"sigmoid", sk_sigmoid, exact_sigmoid, -80.0f, 80.0f, 4e-7, 0},
    {"tanh", sk_tanh, tanh, -20.0f, 20.0f, 4e-7, 0},
};
constexpr double kGoal = 2e-6;

// A dense sweep of low..high, with values near 0 and the ends.
std::vector<float> inputs(const Case &c) {
  std::vector<float> x = {c.low, c.high};
  constexpr int kSteps = 40000;
  for (int i = 0; i <= kSteps; ++i) {
    const float at = static_cast<float>(i) / kSteps;
    x.push_back(c.low + (c.high - c.low) * at);
    const float small = c.low + (c.high - c.low) * at * at * at * at;
    if (small <= c.high) x.push_back(small);
    if (c.low < 0) x.push_back((at - 0.5f) * 1e-3f);
  }
  if (c.low < 0) x.insert(x.end(), {0.0f, -0.0f, 1e-30f, -1e-30f, c.low, c.high});
  return x;
}

bool accurate(const Case &c, const std::vector<float> &x, const std::vector<float> &y) {
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double want = c.exact(static_cast<double>(x[i]));
    const double error = fabs(static_cast<double>(y[i]) - want);
    if (!(error <= c.relative * fabs(want) + c.absolute)) {
      fprintf(stderr, "%s(%.9g) is %.9g, not %.9g\n", c.name, static_cast<double>(x[i]), static_cast<double>(y[i]), want);
      return false;
    }
    worst = fmax(worst, error / fmax(1.0, fabs(want)));
  }
  printf("%s: largest error %.2g of max(1, |result|)\n", c.name, worst);
  return worst <= kGoal;
}

class Checksum {
 public:
  void add(const void *data, size_t size) {
    const unsigned char *bytes = static_cast<const unsigned char *>(data);
    for (size_t i = 0; i < size; ++i) value_ = (value_ ^ bytes[i]) * 1099511628211u;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 14695981039346656037u;
};

// Everything the vector operations give for one set of inputs.
struct Results {
  std::vector<float> functions[4];
  std::vector<float> gru, lstm_c, lstm_h, scales;
  std::vector<int8_t> quantized;
};

std::vector<float> normal(size_t count, float deviation, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> x(count);
  for (float &value : x) {
    int sum = 0;  // of 12 draws: the standard library's own distributions differ between systems
    for (int i = 0; i < 12; ++i) sum += static_cast<int>(random() >> 16) - 32768;
    value = deviation * static_cast<float>(sum) / 65536.0f;
  }
  return x;
}

template <class T>
T *place(Guarded &memory, const std::vector<T> &values) {
  T *at = memory.template take<T>(values.size());
  if (!values.empty()) memcpy(at, values.data(), values.size() * sizeof(T));
  return at;
}

// One step of each recurrent layer of every size to 70, and quantized frames of as many values, in guarded memory.
void recurrent(const sk_kernels *kernels, Results *results) {
  Guarded a_memory(kArena), b_memory(kArena), h_memory(kArena), c_memory(kArena), q_memory(kArena);
  for (int units = 1; units <= 70; ++units) {
    const size_t size = static_cast<size_t>(units), seed = size * 8;
    const float *a = place(a_memory, normal(3 * size, 3.0f, static_cast<unsigned>(seed)));
    const float *b = place(b_memory, normal(3 * size, 3.0f, static_cast<unsigned>(seed + 1)));
    float *h = place(h_memory, normal(size, 0.5f, static_cast<unsigned>(seed + 2)));
    sk_gru_step(kernels, a, b, h, units);
    results->gru.insert(results->gru.end(), h, h + units);
    a = place(a_memory, normal(4 * size, 3.0f, static_cast<unsigned>(seed + 3)));
    b = place(b_memory, normal(4 * size, 3.0f, static_cast<unsigned>(seed + 4)));
    float *c = place(c_memory, normal(size, 1.0f, static_cast<unsigned>(seed + 5)));
    sk_lstm_step(kernels, a, b, c, h, units);
    results->lstm_c.insert(results->lstm_c.end(), c, c + units);
    results->lstm_h.insert(results->lstm_h.end(), h, h + units);
    int8_t *q = q_memory.take<int8_t>(size);
    results->scales.push_back(sk_quantize(kernels, a_memory.take<float>(size), q, units));
    results->quantized.insert(results->quantized.end(), q, q + units);
  }
}

Results compute(const sk_kernels *kernels) {
  Results results;
  Guarded x_memory(kArena), y_memory(kArena);
  for (size_t i = 0; i < 4; ++i) {
    const std::vector<float> x = inputs(kCases[i]);
    const float *from = place(x_memory, x);
    float *to = y_memory.take<float>(x.size());
    kCases[i].function(kernels, from, to, static_cast<int>(x.size()));
    results.functions[i].assign(to, to + x.size());
  }
  recurrent(kernels, &results);
  return results;
}

template <class T>
bool same(const char *kernels, const char *what, const std::vector<T> &got, const std::vector<T> &want) {
  if (got.size() == want.size() && memcmp(got.data(), want.data(), got.size() * sizeof(T)) == 0) return true;
  fprintf(stderr, "%s: %s has other bits than the scalar code's\n", kernels, what);
  return false;
}

bool same_bits(const sk_kernels *kernels, const Results &got, const Results &want) {
  const char *name = sk_kernels_name(kernels);
  for (size_t i = 0; i < 4; ++i) {
    if (!same(name, kCases[i].name, got.functions[i], want.functions[i])) return false;
  }
  return same(name, "gru", got.gru, want.gru) && same(name, "lstm cell", got.lstm_c, want.lstm_c) &&
         same(name, "lstm output", got.lstm_h, want.lstm_h) && same(name, "quantized", got.quantized, want.quantized) &&
         same(name, "scale", got.scales, want.scales);
}

bool same_everywhere(const Results &results) {
  Checksum sum;
  for (const auto &values : results.functions) sum.add(values.data(), values.size() * sizeof(float));
  for (const auto *values : {&results.gru, &results.lstm_c, &results.lstm_h, &results.scales}) {
    sum.add(values->data(), values->size() * sizeof(float));
  }
  sum.add(results.quantized.data(), results.quantized.size());
  if (sum.value() == kChecksum) return true;
  fprintf(stderr, "the checksum is 0x%016llx, not 0x%016llx\n", static_cast<unsigned long long>(sum.value()),
          static_cast<unsigned long long>(kChecksum));
  return false;
}

// A GRU step and an LSTM step of one unit against their equations in double precision.
bool check_equations(const sk_kernels *kernels) {
  const float a[4] = {0.3f, -1.1f, 0.8f, -0.4f}, b[4] = {-0.9f, 0.6f, 1.7f, 0.2f};
  float h = 0.45f, c = -0.7f;
  const double r = exact_sigmoid(0.3 - 0.9), z = exact_sigmoid(-1.1 + 0.6), n = tanh(0.8 + r * 1.7);
  const double want_h = (1 - z) * n + z * 0.45;
  sk_gru_step(kernels, a, b, &h, 1);
  const double cell = exact_sigmoid(-1.1 + 0.6) * -0.7 + exact_sigmoid(0.3 - 0.9) * tanh(0.8 + 1.7);
  const double want_o = exact_sigmoid(-0.4 + 0.2) * tanh(cell);
  float o = 0;
  sk_lstm_step(kernels, a, b, &c, &o, 1);
  if (fabs(h - want_h) < kGoal && fabs(c - cell) < kGoal && fabs(o - want_o) < kGoal) return true;
  fprintf(stderr, "%s: a recurrent step does not follow its equation\n", sk_kernels_name(kernels));
  return false;
}

bool check_quantize(const sk_kernels *kernels) {
  const std::vector<float> x = normal(333, 2.0f, 7);
  std::vector<int8_t> q(x.size());
  const float scale = sk_quantize(kernels, x.data(), q.data(), static_cast<int>(x.size()));
  int largest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (fabsf(static_cast<float>(q[i]) * scale - x[i]) > 0.5001f * scale) {
      fprintf(stderr, "%s: %g is quantized to %d * %g\n", sk_kernels_name(kernels), static_cast<double>(x[i]), q[i],
              static_cast<double>(scale));
      return false;
    }
    largest = abs(q[i]) > largest ? abs(q[i]) : largest;
  }
  const float silence[3] = {0, -0.0f, 0};
  int8_t still[3] = {1, 2, 3};
  const bool silent = sk_quantize(kernels, silence, still, 3) == 0 && !still[0] && !still[1] && !still[2];
  return largest == 127 && silent;
}

struct Addends {
  float a, b, c;  // of a * b + c
};

// Sums that fall midway between two floats, or a little below or above, so little that a double cannot hold it; then any
// numbers, and those below the normal range.
std::vector<Addends> hard_sums() {
  std::mt19937 random(11);
  std::vector<Addends> found;
  const auto signed_power = [&](int exponent) { return ldexpf(random() & 1 ? 1.0f : -1.0f, exponent); };
  for (int i = 0; i < 4000; ++i) {
    const int exponent = i % 4 ? static_cast<int>(random() % 60) - 30 : -126;  // of the addend
    const float mantissa = static_cast<float>(random() % (1 << 23) + (i % 8 ? 1 << 23 : 0));
    const float few = static_cast<float>(random() % 3 - 1) * FLT_EPSILON, half = signed_power(exponent / 2 - 12);
    found.push_back({half * (1 + few), signed_power(exponent - exponent / 2 - 12) * (1 - few),
                     ldexpf(mantissa, exponent - 23) * signed_power(0)});
    found.push_back({half * mantissa, 1.0f + static_cast<float>(random() % 7) * FLT_EPSILON, signed_power(exponent) * mantissa});
  }
  const float ends[] = {0.0f, -0.0f, FLT_MAX, -FLT_MAX, FLT_MIN, FLT_TRUE_MIN, 0.5f, 1.0f};
  for (const float a : ends) {
    for (const float b : ends) {
      for (const float c : ends) found.push_back({a, b, c});
    }
  }
  return found;
}

// The fused multiply-add of the output of a product, which rounds once. A product of 1 by 1, scaled, gives any a * b + c.
bool check_fma(const sk_kernels *kernels) {
  const int8_t one = 1;
  alignas(64) char memory[4096];
  sk_matrix matrix;
  if (sk_packed_bytes(kernels, 4, 1) > sizeof memory) return false;
  const int8_t weights[4] = {1, 1, 1, 1};
  sk_pack(kernels, 4, 1, weights, 1, memory, &matrix);
  std::vector<char> scratch(sk_scratch_bytes(&matrix, 1));
  for (const auto &[a, b, c] : hard_sums()) {
    const float scales[4] = {a, a, 1, a}, bias[4] = {c, c, 1, c};
    const sk_columns x{&one, 1, 1, 0, 0, &b, 0};
    float y[4];
    sk_gemm_f32(&matrix, &x, scales, bias, y, 4, scratch.data());
    const float want = exact_fma(a, b, c);
#ifdef __wasm__  // emscripten's C library rounds such sums wrongly
    const float library = want;
#else
    const float library = fmaf(a, b, c);
#endif
    const bool agree = memcmp(&want, &library, sizeof want) == 0;
    if (agree && memcmp(&y[0], &want, sizeof want) == 0 && memcmp(&y[3], &want, sizeof want) == 0) continue;
    fprintf(stderr, "%s: %a * %a + %a is %a, not %a (C library: %a)\n", sk_kernels_name(kernels), static_cast<double>(a),
            static_cast<double>(b), static_cast<double>(c), static_cast<double>(y[0]), static_cast<double>(want),
            static_cast<double>(library));
    return false;
  }
  return true;
}

// An fp32 product against sums taken here in the order of the columns, each product and each sum rounded.
bool check_float_product(const sk_kernels *kernels, int rows, int cols, int columns, unsigned seed) {
  const size_t m = static_cast<size_t>(rows), k = static_cast<size_t>(cols), n = static_cast<size_t>(columns);
  const size_t x_stride = k + seed % 3, y_stride = m + seed % 2;
  Guarded w_memory(kArena * 8), packed_memory(kArena * 8), x_memory(kArena), bias_memory(kArena), y_memory(kArena);
  const std::vector<float> w = normal(m * k, 1.0f, seed), x = normal(n * x_stride, 1.0f, seed + 1);
  const std::vector<float> bias = normal(m, 1.0f, seed + 2);
  float *packed = packed_memory.take<float>(sk_packed_floats(rows, cols));
  const bool finite = sk_pack_floats(rows, cols, place(w_memory, w), packed);
  const float *added = seed % 4 ? place(bias_memory, bias) : nullptr;
  const size_t last_column = (n - 1) * x_stride;
  const std::vector<float> used(x.begin(), x.begin() + static_cast<ptrdiff_t>(last_column + k));
  float *y = y_memory.take<float>((n - 1) * y_stride + m);
  const sk_float_columns of_x{place(x_memory, used), static_cast<ptrdiff_t>(x_stride), columns, static_cast<int>(seed % 2)};
  sk_multiply_floats(kernels, rows, cols, packed, &of_x, added, y, static_cast<ptrdiff_t>(y_stride));
  for (size_t j = 0; j < n; ++j) {
    for (size_t i = 0; i < m; ++i) {
      float sum = added ? bias[i] : 0;
      for (size_t l = 0; l < k; ++l) sum += w[i * k + l] * x[j * x_stride + l];
      if (finite && memcmp(&sum, &y[j * y_stride + i], sizeof sum) == 0) continue;
      fprintf(stderr, "%s: fp32 M=%d K=%d N=%d: row %zu column %zu is %.9g, not %.9g\n", sk_kernels_name(kernels), rows,
              cols, columns, i, j, static_cast<double>(y[j * y_stride + i]), static_cast<double>(sum));
      return false;
    }
  }
  return true;
}

bool check_float_products(const sk_kernels *kernels) {
  unsigned seed = 0;
  for (const int rows : {1, 2, 15, 16, 17, 31, 33, 40, 64, 65, 79, 130}) {
    for (const int cols : {1, 2, 3, 7, 8, 31, 300}) {
      for (int columns = 1; columns <= 9; ++columns) {
        if (!check_float_product(kernels, rows, cols, columns, ++seed)) return false;
      }
    }
  }
  return check_float_product(kernels, 70, 2100, 6, 1) && check_float_product(kernels, 70, 2100, 20, 2);
}

// A weight that is not finite is found in every place of a tile, and in a tile that the matrix fills in part.
bool check_float_packing() {
  constexpr int kRows = 19, kCols = 5;
  std::vector<float> w(kRows * kCols, FLT_MAX), packed(sk_packed_floats(kRows, kCols));
  if (!sk_pack_floats(kRows, kCols, w.data(), packed.data())) return false;
  for (float &one : w) {
    for (const float value : {HUGE_VALF, -HUGE_VALF, nanf("")}) {
      one = value;
      if (sk_pack_floats(kRows, kCols, w.data(), packed.data())) {
        fprintf(stderr, "packing takes %g for a finite weight\n", static_cast<double>(value));
        return false;
      }
    }
    one = -FLT_MAX;
  }
  return true;
}

}  // namespace

int main() {
  const sk_kernels *scalar = sk_kernels_named("scalar");
  const Results reference = compute(scalar);
  for (size_t i = 0; i < 4; ++i) {
    if (!accurate(kCases[i], inputs(kCases[i]), reference.functions[i])) return 1;
  }
  for (int i = 0; sk_kernels_list(i); ++i) {
    const sk_kernels *kernels = sk_kernels_named(sk_kernels_list(i));
    if (!kernels) continue;
    if (!same_bits(kernels, compute(kernels), reference) || !check_equations(kernels) || !check_quantize(kernels) ||
        !check_fma(kernels) || !check_float_products(kernels)) {
      return 1;
    }
  }
  return same_everywhere(reference) && check_float_packing() ? 0 : 1;
}
