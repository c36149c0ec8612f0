// The vector arithmetic, written once for any number of lanes. Each instruction set includes this file in a file of its
// own, after defining SK_LANES (floats in a vector), and then defines
// fma_lanes() and narrow_lanes(), store_eight() where SK_STORE_EIGHT is set, and narrow_four() where SK_NARROW_FOUR is; everything here has internal linkage, so no code
// compiled for one instruction set can be linked into another.
//
// The same bits everywhere: every lane goes through the same operations in the same order, each of which IEEE 754 rounds
// in one way (+ - * / fma, int32 -> float); there is no libm, no reassociation (no -ffast-math) and no contraction
// (-ffp-contract=off). Maxima may be taken in any order, so they are the only reduction.
#include <string.h>

#include "internal.h"

namespace sk {
namespace {

typedef float Floats __attribute__((vector_size(4 * SK_LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * SK_LANES)));

Floats fma_lanes(Floats a, Floats b, Floats c);     // a * b + c, rounded once
void narrow_lanes(Ints values, int8_t *to);         // the low byte of each lane
#ifdef SK_NARROW_FOUR
void narrow_four(const Ints *values, int8_t *to);   // of four vectors, one behind the other
#endif
#ifdef SK_STORE_EIGHT
void store_eight(float *to, const Floats *values);  // one behind the other
#endif

inline Floats splat(float value) { return value - Floats{}; }

inline Floats min_lanes(Floats a, Floats b) { return a < b ? a : b; }
inline Floats max_lanes(Floats a, Floats b) { return a > b ? a : b; }
inline Floats clamp(Floats x, float low, float high) { return min_lanes(max_lanes(x, splat(low)), splat(high)); }
inline Floats poly(Floats p, Floats x, float c) { return fma_lanes(p, x, splat(c)); }

// Access to a whole vector, or to the last few elements of an array (the other lanes are 0 and are not stored).
struct Whole {
  template <class Vector, class Element>
  Vector load(const Element *from) const {
    Vector value;
    memcpy(&value, from, sizeof value);
    return value;
  }
  template <class Vector, class Element>
  void store(Element *to, Vector value) const {
    memcpy(to, &value, sizeof value);
  }
  void store_low_bytes(int8_t *to, Ints values) const { narrow_lanes(values, to); }
};

struct Part {
  int count;
  template <class Vector, class Element>
  Vector load(const Element *from) const {
    Vector value{};
    memcpy(&value, from, static_cast<size_t>(count) * sizeof(Element));
    return value;
  }
  template <class Vector, class Element>
  void store(Element *to, Vector value) const {
    memcpy(to, &value, static_cast<size_t>(count) * sizeof(Element));
  }
  void store_low_bytes(int8_t *to, Ints values) const {
    int8_t bytes[SK_LANES];
    narrow_lanes(values, bytes);
    memcpy(to, bytes, static_cast<size_t>(count));
  }
};

template <class Body>
inline void sweep(int count, const Body &body) {
  int i = 0;
  for (; i + SK_LANES <= count; i += SK_LANES) body(i, Whole{});
  if (i < count) body(i, Part{count - i});
}

// Adding 1.5 * 2^23 rounds |x| < 2^22 to an integer, half to even, and leaves it in the low bits.
constexpr float kRound = 12582912.0f;

// e^x for x in -87.33..88.72 (clamped): e^x = 2^n e^r, |r| <= ln(2) / 2, and e^r by Cephes' polynomial.
inline Floats exp_lanes(Floats x) {
  x = clamp(x, -87.3365402f, 88.7228317f);
  const Floats shifted = fma_lanes(x, splat(1.44269504f), splat(kRound));
  const Floats n = shifted - kRound;
  Floats r = fma_lanes(n, splat(-0.693359375f), x);
  r = fma_lanes(n, splat(2.12194440e-4f), r);
  Floats p = poly(splat(1.9875691500e-4f), r, 1.3981999507e-3f);
  p = poly(p, r, 8.3334519073e-3f);
  p = poly(p, r, 4.1665795894e-2f);
  p = poly(p, r, 1.6666665459e-1f);
  p = poly(p, r, 5.0000001201e-1f);
  p = fma_lanes(p, r * r, r) + 1.0f;
  return (Floats)((Ints)p + ((Ints)shifted << 23));
}

// log x for normal x > 0: x = 2^e m with m in sqrt(1/2)..sqrt(2), log m by Cephes' polynomial.
inline Floats log_lanes(Floats x) {
  const Ints e = ((Ints)x - 0x3f3504f3) >> 23;
  const Floats f = (Floats)((Ints)x - (e << 23)) - 1.0f;
  const Floats exponent = __builtin_convertvector(e, Floats);
  Floats p = poly(splat(7.0376836292e-2f), f, -1.1514610310e-1f);
  p = poly(p, f, 1.1676998740e-1f);
  p = poly(p, f, -1.2420140846e-1f);
  p = poly(p, f, 1.4249322787e-1f);
  p = poly(p, f, -1.6668057665e-1f);
  p = poly(p, f, 2.0000714765e-1f);
  p = poly(p, f, -2.4999993993e-1f);
  p = poly(p, f, 3.3333331174e-1f);
  const Floats square = f * f;
  p = p * f * square;
  p = fma_lanes(exponent, splat(-2.12194440e-4f), p);
  p = fma_lanes(square, splat(-0.5f), p);
  return fma_lanes(exponent, splat(0.693359375f), f + p);
}

inline Floats sigmoid_lanes(Floats x) { return 1.0f / (1.0f + exp_lanes(-x)); }

// An odd rational function, 13th over 6th degree (the one that Eigen uses), on the range where tanh is not yet +-1.
inline Floats tanh_lanes(Floats x) {
  x = clamp(x, -7.90531111f, 7.90531111f);
  const Floats s = x * x;
  Floats p = poly(splat(-2.76076847742355e-16f), s, 2.00018790482477e-13f);
  p = poly(p, s, -8.60467152213735e-11f);
  p = poly(p, s, 5.12229709037114e-08f);
  p = poly(p, s, 1.48572235717979e-05f);
  p = poly(p, s, 6.37261928875436e-04f);
  p = poly(p, s, 4.89352455891786e-03f);
  Floats q = poly(splat(1.19825839466702e-06f), s, 1.18534705686654e-04f);
  q = poly(q, s, 2.26843463243900e-03f);
  q = poly(q, s, 4.89352518554385e-03f);
  return x * p / q;
}

template <Floats (*kFunction)(Floats)>
void map(const float *x, float *y, int count) {
  sweep(count, [=](int i, auto at) { at.store(y + i, kFunction(at.template load<Floats>(x + i))); });
}

// Floats without a sign are in the order of their bits, so the maximum is one of whole numbers. What is no number is above all.
float largest(const float *x, int count) {
  Ints tops[4] = {};
  const auto take = [&tops](int at, Ints bits) {
    const Ints size = bits & 0x7fffffff;
    tops[at] = tops[at] > size ? tops[at] : size;
  };
  int i = 0;
  for (; i + 4 * SK_LANES <= count; i += 4 * SK_LANES) {
#pragma GCC unroll 4
    for (int at = 0; at < 4; ++at) take(at, Whole{}.load<Ints>(x + i + at * SK_LANES));
  }
  sweep(count - i, [&](int j, auto at) { take(0, at.template load<Ints>(x + i + j)); });
  int32_t top = 0;
  for (const Ints &lanes : tops) {
    for (int lane = 0; lane < SK_LANES; ++lane) top = lanes[lane] > top ? lanes[lane] : top;
  }
  float value;
  memcpy(&value, &top, sizeof value);
  return value;
}

float quantize(const float *x, float top, int8_t *q, int count) {
  const bool silent = top < 1e-30f;  // 127 / top must stay finite
  const float inverse = silent ? 0 : 127.0f / top;
  const auto rounded = [=](Floats value) { return (Ints)fma_lanes(value, splat(inverse), splat(kRound)); };
  int i = 0;
#ifdef SK_NARROW_FOUR
  for (; i + 4 * SK_LANES <= count; i += 4 * SK_LANES) {
    Ints values[4];
#pragma GCC unroll 4
    for (int at = 0; at < 4; ++at) values[at] = rounded(Whole{}.load<Floats>(x + i + at * SK_LANES));
    narrow_four(values, q + i);
  }
#endif
  sweep(count - i, [=](int j, auto at) {
    at.store_low_bytes(q + i + j, rounded(at.template load<Floats>(x + i + j)));
  });
  return silent ? 0 : top / 127.0f;
}

void gru_step(const float *a, const float *b, float *h, int units) {
  sweep(units, [=](int i, auto at) {
    const auto load = [&](const float *from) { return at.template load<Floats>(from + i); };
    const Floats r = sigmoid_lanes(load(a) + load(b));
    const Floats z = sigmoid_lanes(load(a + units) + load(b + units));
    const Floats c = tanh_lanes(fma_lanes(r, load(b + 2 * units), load(a + 2 * units)));
    at.store(h + i, fma_lanes(z, load(h) - c, c));
  });
}

void lstm_step(const float *a, const float *b, float *c, float *h, int units) {
  sweep(units, [=](int i, auto at) {
    const auto gate = [&](int g) {
      return at.template load<Floats>(a + g * units + i) + at.template load<Floats>(b + g * units + i);
    };
    const Floats input = sigmoid_lanes(gate(0)) * tanh_lanes(gate(2));
    const Floats cell = fma_lanes(sigmoid_lanes(gate(1)), at.template load<Floats>(c + i), input);
    at.store(c + i, cell);
    at.store(h + i, sigmoid_lanes(gate(3)) * tanh_lanes(cell));
  });
}

// Stores vectors one behind the other.
template <int kVectors>
inline void store_vectors(float *to, const Floats *values) {
#ifdef SK_STORE_EIGHT
  static_assert(kVectors == 8, "as finish_columns has it");
  store_eight(to, values);
#else
#pragma GCC unroll 8
  for (int i = 0; i < kVectors; ++i) Whole{}.store(to + i * SK_LANES, values[i]);
#endif
}

template <bool kBias>
inline Floats scale(Ints sum, Floats row_scale, Floats column_scale, Floats bias) {
  const Floats scaled = __builtin_convertvector(sum, Floats) * row_scale;
  return kBias ? fma_lanes(scaled, column_scale, bias) : scaled * column_scale;
}

// Columns of a product whose results are to be made: what Output says, from one of its columns on. As local values, which no
// store of a result can change.
struct Results {
  const int32_t *sums;
  const float *row_scales, *bias;
  float *y;
  ptrdiff_t stride;
};

// Rows `from` .. `from + kVectors * SK_LANES` of kColumns columns: scales and bias of the rows are loaded once for all of them.
template <bool kBias, int kColumns, int kVectors>
inline void finish_rows(const Results results, const Floats *column_scales, int from) {
  Floats row[kVectors], add[kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kVectors; ++i) {
    row[i] = Whole{}.load<Floats>(results.row_scales + from + i * SK_LANES);
    add[i] = kBias ? Whole{}.load<Floats>(results.bias + from + i * SK_LANES) : Floats{};
  }
#pragma GCC unroll 4
  for (int n = 0; n < kColumns; ++n) {
    const int32_t *sums = results.sums + n * kPanelRows + from;
    Floats value[kVectors];
#pragma GCC unroll 8
    for (int i = 0; i < kVectors; ++i) {
      value[i] = scale<kBias>(Whole{}.load<Ints>(sums + i * SK_LANES), row[i], column_scales[n], add[i]);
    }
    store_vectors<kVectors>(results.y + n * results.stride + from, value);
  }
}

// The last rows of a column, fewer than a piece. Nothing here is a struct: one whose address is given away is read again after
// each store.
template <bool kBias>
void finish_rest(const int32_t *sums, const float *row_scales, const float *bias, float column_scale, float *y, int rows) {
  const Floats column = splat(column_scale);
  sweep(rows, [=](int m, auto at) {
    const Floats add = kBias ? at.template load<Floats>(bias + m) : Floats{};
    const Floats row = at.template load<Floats>(row_scales + m);
    at.store(y + m, scale<kBias>(at.template load<Ints>(sums + m), row, column, add));
  });
}

template <bool kBias, int kColumns>
void finish_columns(const int32_t *sums, const Output &out, int first, int rows) {
  constexpr int kVectors = kColumns == 1 || SK_LANES <= 4 ? 8 : 4;  // as many as the registers hold
  const Results results{sums + first * kPanelRows, out.row_scales, out.bias,
                        static_cast<float *>(out.y) + first * out.stride, out.stride};
  Floats column_scales[kColumns];
#pragma GCC unroll 4
  for (int n = 0; n < kColumns; ++n) column_scales[n] = splat(out.column_scales[first + n]);
  int from = 0;
  for (; from + kVectors * SK_LANES <= rows; from += kVectors * SK_LANES) {
    finish_rows<kBias, kColumns, kVectors>(results, column_scales, from);
  }
  if (from == rows) return;
  for (int n = 0; n < kColumns; ++n) {
    finish_rest<kBias>(results.sums + n * kPanelRows + from, results.row_scales + from, kBias ? results.bias + from : nullptr,
                       out.column_scales[first + n], results.y + n * results.stride + from, rows - from);
  }
}

template <bool kBias>
inline void finish_few(const int32_t *sums, const Output &out, int first, int rows, int columns) {
  switch (columns) {
    case 1: return finish_columns<kBias, 1>(sums, out, first, rows);
    case 2: return finish_columns<kBias, 2>(sums, out, first, rows);
    case 3: return finish_columns<kBias, 3>(sums, out, first, rows);
    default: return finish_columns<kBias, 4>(sums, out, first, rows);
  }
}

void finish_f32(const int32_t *sums, const Output &out, int rows, int columns) {
  for (int n = 0; n < columns; n += kVectorColumns) {
    out.bias ? finish_few<true>(sums, out, n, rows, columns - n) : finish_few<false>(sums, out, n, rows, columns - n);
  }
}

void finish_s8(const int32_t *sums, const Output &out, int rows, int columns) {
  for (int n = 0; n < columns; ++n) {
    int8_t *y = static_cast<int8_t *>(out.y) + n * out.stride;
    sweep(rows, [=](int m, auto at) {
      const Floats sum = __builtin_convertvector(at.template load<Ints>(sums + n * kPanelRows + m), Floats);
      const Floats scaled = sum * at.template load<Floats>(out.row_scales + m) * out.column_scales[n];
      const Floats shifted = clamp(scaled, -128.0f, 127.0f) + kRound;
      at.store_low_bytes(y + m, (Ints)shifted);
    });
  }
}

void correct(int32_t *sums, const int32_t *row_sums, const int32_t *factor, const int32_t *constant, int rows,
             int columns) {
  typedef uint32_t Unsigned __attribute__((vector_size(4 * SK_LANES)));  // wraps where the sums do
  for (int n = 0; n < columns; ++n) {
    int32_t *column = sums + n * kPanelRows;
    sweep(rows, [=](int m, auto at) {
      const Unsigned add = at.template load<Unsigned>(row_sums + m) * static_cast<uint32_t>(factor[n]);
      at.store(column + m, at.template load<Unsigned>(column + m) + add + static_cast<uint32_t>(constant[n]));
    });
  }
}

}  // namespace
}  // namespace sk

#include "float_product.h"

namespace sk {
namespace {

constexpr VectorOps kOps = {kNeeds,    map<exp_lanes>, map<log_lanes>, map<sigmoid_lanes>, map<tanh_lanes>, largest, quantize,
                            gru_step,  lstm_step,      finish_f32,     finish_s8,          correct,         multiply_floats};

}  // namespace
}  // namespace sk
