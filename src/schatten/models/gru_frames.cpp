// What a GRU computes beside its products at one frame, forward and backward, in one pass each.
//
// models/gru_frames.py compiles this file when a GRU first trains on a CPU, and holds the same
// formulas in torch's operations. docs/performance.md says what it gains. Matrices are stored by
// rows. `rows` utterances have this frame; `hidden` units. Gates are reset, update, new.

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

INLINED double exponential(double x) { return std::exp(x); }

// e^x to 2e-7 of its value: 2^n times a polynomial, both from Cephes (S. Moshier). A loop of it
// becomes vector instructions, which one of std::exp would not.
INLINED float exponential(float x) {
  x = x > 87.0f ? 87.0f : x;
  x = x < -87.0f ? -87.0f : x;
  const float shift = 12582912.0f;  // 1.5 * 2^23: the sum's low bits are the nearest whole number
  const float sum = x * 1.44269504088896341f + shift;
  const float whole = sum - shift;
  const float rest = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;  // ln 2 in two parts
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
  return value * scale;
}

template <typename T>
INLINED T sigmoid(T x) {
  return T(1) / (T(1) + exponential(-x));
}

template <typename T>
INLINED T tangent(T x) {
  return T(2) * sigmoid(T(2) * x) - T(1);
}

// gates (rows, 3 hidden): W x, becomes the values of the gates. product (rows, 3 hidden): U h.
// bias (3 hidden) is b, new_bias (hidden) c. Writes inner (rows, hidden), U_n h + c, and state:
// n + z (h - n). before (rows, hidden) is h.
template <typename T>
INLINED void forward(int64_t rows, int64_t hidden, const T* __restrict product,
                     const T* __restrict bias, const T* __restrict new_bias,
                     const T* __restrict before, T* __restrict gates, T* __restrict inner,
                     T* __restrict state) {
  for (int64_t row = 0; row < rows; ++row) {
    const T* u = product + 3 * hidden * row;
    const T* h = before + hidden * row;
    T* reset = gates + 3 * hidden * row;
    T* update = reset + hidden;
    T* fresh = update + hidden;
    T* within = inner + hidden * row;
    T* out = state + hidden * row;
#pragma GCC ivdep
    for (int64_t i = 0; i < hidden; ++i) {
      const T r = sigmoid(reset[i] + bias[i] + u[i]);
      const T z = sigmoid(update[i] + bias[hidden + i] + u[hidden + i]);
      const T w = u[2 * hidden + i] + new_bias[i];
      const T n = tangent(fresh[i] + bias[2 * hidden + i] + r * w);
      reset[i] = r;
      update[i] = z;
      fresh[i] = n;
      within[i] = w;
      out[i] = n + z * (h[i] - n);
    }
  }
}

// gradient (rows, hidden): of the states from above. carried (rows, hidden): from the next frame,
// in its first `later` rows; becomes the part of it for the frame before that skips U. Writes
// to_product (rows, 3 hidden), the gradient of U h + (0, 0, c), and to_new (rows, hidden), that of
// the sum inside the new gate. The gradient of W x is to_product's, with to_new for its last part.
template <typename T>
INLINED void backward(int64_t rows, int64_t later, int64_t hidden, const T* __restrict gradient,
                      const T* __restrict gates, const T* __restrict inner,
                      const T* __restrict before, T* __restrict carried, T* __restrict to_product,
                      T* __restrict to_new) {
  if (rows > later) {
    std::memset(carried + later * hidden, 0, sizeof(T) * (rows - later) * hidden);
  }
  for (int64_t row = 0; row < rows; ++row) {
    const T* reset = gates + 3 * hidden * row;
    const T* update = reset + hidden;
    const T* fresh = update + hidden;
    const T* within = inner + hidden * row;
    const T* h = before + hidden * row;
    const T* above = gradient + hidden * row;
    T* next = carried + hidden * row;
    T* to_reset = to_product + 3 * hidden * row;
    T* to_update = to_reset + hidden;
    T* to_inner = to_update + hidden;
    T* to_fresh = to_new + hidden * row;
#pragma GCC ivdep
    for (int64_t i = 0; i < hidden; ++i) {
      const T r = reset[i], z = update[i], n = fresh[i];
      const T to_state = above[i] + next[i];
      const T of_new = to_state * (T(1) - z) * (T(1) - n * n);
      to_reset[i] = of_new * within[i] * r * (T(1) - r);
      to_update[i] = to_state * (h[i] - n) * z * (T(1) - z);
      to_inner[i] = of_new * r;
      to_fresh[i] = of_new;
      next[i] = to_state * z;
    }
  }
}

}  // namespace

#define DEFINE(TYPE)                                                                              \
  extern "C" FOR_EVERY_CPU void forward_##TYPE(                                                   \
      int64_t rows, int64_t hidden, const TYPE* product, const TYPE* bias, const TYPE* new_bias,  \
      const TYPE* before, TYPE* gates, TYPE* inner, TYPE* state) {                                \
    forward<TYPE>(rows, hidden, product, bias, new_bias, before, gates, inner, state);            \
  }                                                                                               \
  extern "C" FOR_EVERY_CPU void backward_##TYPE(                                                  \
      int64_t rows, int64_t later, int64_t hidden, const TYPE* gradient, const TYPE* gates,       \
      const TYPE* inner, const TYPE* before, TYPE* carried, TYPE* to_product, TYPE* to_new) {     \
    backward<TYPE>(rows, later, hidden, gradient, gates, inner, before, carried, to_product,      \
                   to_new);                                                                       \
  }

DEFINE(float)
DEFINE(double)
