// Checks products bit for bit against sums computed from their definition, with every buffer against a guard page.
#ifndef SCHATTEN_TESTS_PRODUCTS_H
#define SCHATTEN_TESTS_PRODUCTS_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifndef __EMSCRIPTEN__
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <initializer_list>
#include <random>
#include <vector>

#include "guarded.h"
#include "schatten_kernels.h"

namespace {

enum class Values { kRandom, kExtremes, kAllLow, kAllHigh };
constexpr Values kAllValues[] = {Values::kRandom, Values::kExtremes, Values::kAllLow, Values::kAllHigh};

// A product to be checked: up to max_columns columns of `cols` activations, every number signed and, for the unsigned
// form, with zero points.
struct Problem {
  int rows, cols, max_columns;
  bool is_unsigned;
  int weight_zero, x_zero;
  std::vector<int> w, x;        // as they are stored: -127..127 or 1..255; -128..127 or 0..255
  std::vector<int32_t> sums;    // [column][row]
  std::vector<float> row_scales, bias, column_scales;
  std::vector<uint8_t> nibbles;  // of a matrix of 4 bits, as sk_pack_nibbles takes them
  // Of a sparse matrix, as sk_pack_sparse takes them; else no bitmap.
  std::vector<int8_t> blocks;
  std::vector<uint8_t> bitmap;
};

int draw(std::mt19937 &random, Values values, int low, int high) {
  switch (values) {
    case Values::kRandom: return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
    case Values::kExtremes: return random() & 1 ? low : high;
    case Values::kAllLow: return low;
    case Values::kAllHigh: return high;
  }
  abort();
}

void fill_sums(Problem *p) {
  p->sums.resize(static_cast<size_t>(p->rows) * static_cast<size_t>(p->max_columns));
  std::vector<int> w = p->w, x = p->x;
  for (int &value : w) value -= p->weight_zero;
  for (int &value : x) value -= p->x_zero;
  for (int n = 0; n < p->max_columns; ++n) {
    for (int m = 0; m < p->rows; ++m) {
      const int *a = &w[static_cast<size_t>(m) * static_cast<size_t>(p->cols)];
      const int *b = &x[static_cast<size_t>(n) * static_cast<size_t>(p->cols)];
      int64_t sum = 0;
      for (int k = 0; k < p->cols; ++k) sum += a[k] * b[k];
      p->sums[static_cast<size_t>(n * p->rows + m)] = static_cast<int32_t>(static_cast<uint32_t>(sum));
    }
  }
}

Problem make_problem(int rows, int cols, int max_columns, bool is_unsigned, Values values, unsigned seed) {
  std::mt19937 random(seed);
  Problem p{rows, cols, max_columns, is_unsigned, 0, 0, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  const int shift = is_unsigned ? 128 : 0;
  if (is_unsigned) p.weight_zero = draw(random, Values::kRandom, 0, 255);
  if (is_unsigned || seed % 3 == 0) p.x_zero = draw(random, Values::kRandom, shift - 128, shift + 127);
  // All of one sign is the hardest case for a narrow lane; weights and activations take turns.
  const Values x_values = values == Values::kAllHigh && seed % 2 ? Values::kAllLow : values;
  for (int i = 0; i < rows * cols; ++i) p.w.push_back(draw(random, values, shift - 127, shift + 127));
  for (int i = 0; i < max_columns * cols; ++i) p.x.push_back(draw(random, x_values, shift - 128, shift + 127));
  for (int m = 0; m < rows; ++m) {
    p.row_scales.push_back(static_cast<float>(random() % 1000 + 1) * 1e-5f);
    p.bias.push_back(static_cast<float>(random() % 1000) * 1e-2f - 5.0f);
  }
  for (int n = 0; n < max_columns; ++n) p.column_scales.push_back(static_cast<float>(random() % 1000 + 1) * 1e-4f);
  fill_sums(&p);
  return p;
}

// Guarded memory for every buffer of a product.
struct Arena {
  explicit Arena(size_t largest)
      : w(largest), packed(largest), x(largest), scratch(largest), y(largest), row_scales(largest), bias(largest),
        scales(largest) {}
  Guarded w, packed, x, scratch, y, row_scales, bias, scales;
};

// Where buffers lie and how far apart their rows are; changes from case to case.
struct Placement {
  bool at_start;
  int stride_gap;
};

constexpr unsigned char kCanary = 0xa5;

class Checker {
 public:
  Checker(const sk_kernels *kernels, size_t largest) : kernels_(kernels), arena_(largest) {}

  // Packs the problem's weights; false where packing failed.
  bool pack(const Problem &p, const Placement &at) {
    const sk_status status = !p.nibbles.empty() ? pack_nibbles(p, at) : p.bitmap.empty() ? pack_whole(p, at) : pack_sparse(p, at);
    if (status != SK_OK) fprintf(stderr, "%s\n", sk_message(status));
    return status == SK_OK;
  }

  // Multiplies the first `columns` columns in each of the three output forms and compares.
  bool check(const Problem &p, int columns, const Placement &at) {
    load_columns(p, columns, at);
    const int stride = p.rows + at.stride_gap;
    return check_s32(p, stride, at) && check_f32(p, stride, at, true) && check_f32(p, stride, at, false) &&
           check_s8(p, stride, at);
  }

 private:
  sk_status pack_whole(const Problem &p, const Placement &at) {
    const int stride = p.cols + at.stride_gap;
    const size_t size = static_cast<size_t>((p.rows - 1) * stride + p.cols);
    uint8_t *w = arena_.w.take<uint8_t>(size, at.at_start);
    memset(w, kCanary, size);
    for (int m = 0; m < p.rows; ++m) {
      for (int k = 0; k < p.cols; ++k) w[m * stride + k] = static_cast<uint8_t>(p.w[static_cast<size_t>(m * p.cols + k)]);
    }
    void *memory = arena_.packed.take<char>(sk_packed_bytes(kernels_, p.rows, p.cols), at.at_start);
    return p.is_unsigned ? sk_pack_u8(kernels_, p.rows, p.cols, w, stride, p.weight_zero, memory, &matrix_)
                         : sk_pack(kernels_, p.rows, p.cols, reinterpret_cast<int8_t *>(w), stride, memory, &matrix_);
  }

  sk_status pack_nibbles(const Problem &p, const Placement &at) {
    const int row_bytes = (p.cols + 1) / 2, stride = row_bytes + at.stride_gap;
    const size_t size = static_cast<size_t>((p.rows - 1) * stride + row_bytes);
    uint8_t *w = arena_.w.take<uint8_t>(size, at.at_start);
    memset(w, kCanary, size);
    for (int m = 0; m < p.rows; ++m) memcpy(w + m * stride, &p.nibbles[static_cast<size_t>(m * row_bytes)], static_cast<size_t>(row_bytes));
    void *memory = arena_.packed.take<char>(sk_packed_bytes_nibbles(kernels_, p.rows, p.cols), at.at_start);
    return sk_pack_nibbles(kernels_, p.rows, p.cols, w, stride, memory, &matrix_);
  }

  sk_status pack_sparse(const Problem &p, const Placement &at) {
    int8_t *blocks = arena_.w.take<int8_t>(p.blocks.size(), at.at_start);
    if (!p.blocks.empty()) memcpy(blocks, p.blocks.data(), p.blocks.size());
    uint8_t *bitmap = arena_.x.take<uint8_t>(p.bitmap.size(), at.at_start);
    memcpy(bitmap, p.bitmap.data(), p.bitmap.size());
    void *memory = arena_.packed.take<char>(sk_packed_bytes_sparse(kernels_, p.rows, p.cols, bitmap), at.at_start);
    return sk_pack_sparse(kernels_, p.rows, p.cols, blocks, bitmap, memory, &matrix_);
  }

  void load_columns(const Problem &p, int columns, const Placement &at) {
    const int stride = p.cols + at.stride_gap;
    const size_t size = static_cast<size_t>((columns - 1) * stride + p.cols);
    uint8_t *x = arena_.x.take<uint8_t>(size, at.at_start);
    memset(x, kCanary, size);
    for (int n = 0; n < columns; ++n) {
      for (int k = 0; k < p.cols; ++k) x[n * stride + k] = static_cast<uint8_t>(p.x[static_cast<size_t>(n * p.cols + k)]);
    }
    float *scales = copy(arena_.scales, p.column_scales, static_cast<size_t>(columns), at);
    columns_ = {x, stride, columns, p.is_unsigned, p.x_zero, scales, (columns + p.rows) % 2};
  }

  static float *copy(Guarded &memory, const std::vector<float> &values, size_t count, const Placement &at) {
    float *to = memory.take<float>(count, at.at_start);
    memcpy(to, values.data(), count * sizeof(float));
    return to;
  }

  void *scratch(const Placement &at) {
    return arena_.scratch.take<char>(sk_scratch_bytes(&matrix_, columns_.count), at.at_start);
  }

  // Results with gaps between the columns, filled with a canary.
  template <class T>
  T *results(int rows, int stride, const Placement &at) {
    const size_t size = static_cast<size_t>((columns_.count - 1) * stride + rows);
    T *y = arena_.y.take<T>(size, at.at_start);
    memset(static_cast<void *>(y), kCanary, size * sizeof(T));
    return y;
  }

  // Compares bits; expected(sum, m, n) gives the result wanted.
  template <class T, class Expected>
  bool same(const Problem &p, const T *y, int stride, const char *form, const Expected &expected) {
    T canary;
    memset(&canary, kCanary, sizeof canary);
    for (int n = 0; n < columns_.count; ++n) {
      for (int m = 0; m < (n + 1 < columns_.count ? stride : p.rows); ++m) {
        const T want = m < p.rows ? expected(p.sums[static_cast<size_t>(n * p.rows + m)], m, n) : canary;
        if (memcmp(&want, &y[n * stride + m], sizeof want) == 0) continue;
        fprintf(stderr, "%s: %s M=%d K=%d N=%d%s: row %d column %d is %g, not %g\n", sk_kernels_name(kernels_), form,
                p.rows, p.cols, columns_.count, p.is_unsigned ? " unsigned" : "", m, n,
                static_cast<double>(y[n * stride + m]), static_cast<double>(want));
        return false;
      }
    }
    return true;
  }

  bool check_s32(const Problem &p, int stride, const Placement &at) {
    int32_t *y = results<int32_t>(p.rows, stride, at);
    sk_gemm_s32(&matrix_, &columns_, y, stride, scratch(at));
    return same(p, y, stride, "s32", [](int32_t sum, int, int) { return sum; });
  }

  bool check_f32(const Problem &p, int stride, const Placement &at, bool with_bias) {
    float *y = results<float>(p.rows, stride, at);
    const size_t rows = static_cast<size_t>(p.rows);
    const float *scales = copy(arena_.row_scales, p.row_scales, rows, at);
    const float *bias = with_bias ? copy(arena_.bias, p.bias, rows, at) : nullptr;
    sk_gemm_f32(&matrix_, &columns_, scales, bias, y, stride, scratch(at));
    return same(p, y, stride, with_bias ? "f32+bias" : "f32", [&](int32_t sum, int m, int n) {
      const float scaled = static_cast<float>(sum) * p.row_scales[static_cast<size_t>(m)];
      const float scale = p.column_scales[static_cast<size_t>(n)];
      return with_bias ? fmaf(scaled, scale, p.bias[static_cast<size_t>(m)]) : scaled * scale;
    });
  }

  bool check_s8(const Problem &p, int stride, const Placement &at) {
    int8_t *y = results<int8_t>(p.rows, stride, at);
    const float *scales = copy(arena_.row_scales, p.row_scales, static_cast<size_t>(p.rows), at);
    sk_gemm_s8(&matrix_, &columns_, scales, y, stride, scratch(at));
    return same(p, y, stride, "s8", [&](int32_t sum, int m, int n) {
      const float scaled =
          static_cast<float>(sum) * p.row_scales[static_cast<size_t>(m)] * p.column_scales[static_cast<size_t>(n)];
      return static_cast<int8_t>(lrintf(fminf(fmaxf(scaled, -128.0f), 127.0f)));
    });
  }

  const sk_kernels *kernels_;
  Arena arena_;
  sk_matrix matrix_{};
  sk_columns columns_{};
};

inline std::vector<int> up_to(int last) {
  std::vector<int> sizes;
  for (int i = 1; i <= last; ++i) sizes.push_back(i);
  return sizes;
}

inline bool refuses(const char *what, sk_status got, sk_status want) {
  if (got == want && strlen(sk_message(got)) > 0) return true;
  fprintf(stderr, "%s: status %d, not %d\n", what, got, want);
  return false;
}

struct Shape {
  int rows, cols;
};

// Packs a problem's weights, and multiplies each number of columns; `seed` says where the buffers lie.
inline bool check_problem(Checker &checker, const Problem &p, const std::vector<int> &columns, unsigned seed) {
  if (!checker.pack(p, {seed % 5 == 0, static_cast<int>(seed % 4)})) return false;
  for (const int n : columns) {
    const Placement at{(seed + static_cast<unsigned>(n)) % 4 == 0, (n + static_cast<int>(seed)) % 3};
    if (!checker.check(p, n, at)) return false;
  }
  return true;
}

// check(rows, cols, seed) of every (M, K) of the sizes; seeds begin with 1.
template <class Check>
bool check_grid(const std::vector<int> &sizes, const Check &check) {
  unsigned seed = 0;
  for (const int rows : sizes) {
    for (const int cols : sizes) {
      if (!check(rows, cols, ++seed)) return false;
    }
  }
  return true;
}

// Whether `check` says that all is well of the first kernels, and of none of the others, which are faulty. Each in a process
// of its own, as a fault may end it; where there are no processes nothing is asked.
template <class Check>
bool notices_faults(const Check &check, std::initializer_list<const sk_kernels *> all) {
#ifndef __EMSCRIPTEN__
  for (const sk_kernels *kernels : all) {
    fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      if (!freopen("/dev/null", "w", stderr)) _exit(3);
      _exit(check(kernels) ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if ((status == 0) == (kernels == *all.begin())) continue;
    fprintf(stderr, "the tester %s the %s kernels\n", status ? "refuses" : "did not catch", sk_kernels_name(kernels));
    return false;
  }
#else
  (void)check, (void)all;
#endif
  return true;
}

// check(kernels) of every kernel that this CPU has; lacks(kernels): what those cannot do that are not checked, or null.
template <class Check, class Lacks>
bool check_all_kernels(const Check &check, const Lacks &lacks) {
  for (int i = 0; sk_kernels_list(i); ++i) {
    const sk_kernels *kernels = sk_kernels_named(sk_kernels_list(i));
    const char *why_not = kernels ? lacks(kernels) : "not on this CPU";
    if (!why_not && !check(kernels)) return false;
    printf("%s: %s\n", sk_kernels_list(i), why_not ? why_not : "good");
    fflush(stdout);
  }
  return true;
}

}  // namespace
#endif
