#include "spectra.h"

#include <algorithm>
#include <complex>

#include "failure.h"
#include "independent.h"

namespace schatten {

namespace {

constexpr int kSampleRate = 16000;

// cos and sin of x in 0..pi / 4, by their series: the same bits everywhere, which a C library's are not.
std::complex<double> small_turn(double x) {
  double cosine = 0, sine = 0, term = 1;
  for (int power = 0; power < 20; ++power) {
    (power % 2 ? sine : cosine) += (power / 2) % 2 ? -term : term;
    term = term * x / (power + 1);
  }
  return {cosine, sine};
}

// e^(-2 pi i k / length), 0 <= k < length.
std::complex<double> turn(int k, int length) {
  constexpr double kPi = 3.14159265358979323846;
  const int eighths = 8 * k / length;  // which eighth of the circle
  const bool mirrored = eighths % 2 == 1;
  const double at = 2 * kPi * (8.0 * k / length - eighths) / 8;
  std::complex<double> z = small_turn(mirrored ? kPi / 4 - at : at);
  if (mirrored) z = {z.imag(), z.real()};
  for (int quarter = 0; quarter < eighths / 2; ++quarter) z = {-z.imag(), z.real()};
  return std::conj(z);
}

// The scale of 16-bit samples is a power of two, so it changes no bits.
std::vector<double> scaled_window(const std::vector<float> &values) {
  std::vector<double> window(values.begin(), values.end());
  for (double &value : window) value /= 32768;
  return window;
}

// Of 16-bit samples: exact, so their order is free.
double sum(const float *samples, int count) {
  double sums[4] = {};
  int i = 0;
  for (; i + 4 <= count; i += 4) {
    for (int lane = 0; lane < 4; ++lane) sums[lane] += static_cast<double>(samples[i + lane]);
  }
  for (; i < count; ++i) sums[0] += static_cast<double>(samples[i]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

int transform_length(const Gguf &file) { return file.integer("schatten.features.fft", 4, 65536); }

}  // namespace

PowerSpectrum::PowerSpectrum(int length) : length_(length) {
  require(length % 2 == 0, "the length of the Fourier transform is odd: export the model again");
  const int half = length / 2;
  int left = half;
  std::vector<int> factors;
  for (const int factor : {4, 2, 3, 5}) {
    for (; left % factor == 0; left /= factor) factors.push_back(factor);
  }
  require(left == 1, "the length of the Fourier transform has a prime factor above 5: export the model again");
  const auto add = [length](Numbers &to, int k) {
    const std::complex<double> z = turn(k % length, length);
    to.real.push_back(z.real());
    to.imaginary.push_back(z.imag());
  };
  int part = 1;
  for (auto factor = factors.rbegin(); factor != factors.rend(); ++factor) {
    const int count = half / (part * *factor);
    steps_.push_back({*factor, part, count, turns_.real.size()});
    for (int q = 1; q < *factor; ++q) {
      for (int k = 0; k < part; ++k) add(turns_, 2 * count * q * k);
    }
    part *= *factor;
  }
  for (int k = 0; k < half; ++k) add(last_, k);
}

namespace {

struct Term {
  double real, imaginary;
};

inline Term turned(Term value, double c, double s) {
  return {value.real * c - value.imaginary * s, value.real * s + value.imaginary * c};
}

// Of factors 3 and 5: e^(-2 pi i k / factor).
struct Roots {
  explicit Roots(int factor) {
    for (int k = 0; k < factor; ++k) z[k] = {turn(k, factor).real(), turn(k, factor).imag()};
  }
  Term z[5];
};
const Roots kThird(3), kFifth(5);

// The discrete Fourier transform of kFactor terms.
template <int kFactor>
inline void put_together(const Term *t, Term *to) {
  const Roots &roots = kFactor == 3 ? kThird : kFifth;
  for (int r = 0; r < kFactor; ++r) {
    to[r] = t[0];
    for (int q = 1; q < kFactor; ++q) {
      const Term root = roots.z[(q * r) % kFactor], one = turned(t[q], root.real, root.imaginary);
      to[r].real += one.real;
      to[r].imaginary += one.imaginary;
    }
  }
}

template <>
inline void put_together<2>(const Term *t, Term *to) {
  to[0] = {t[0].real + t[1].real, t[0].imaginary + t[1].imaginary};
  to[1] = {t[0].real - t[1].real, t[0].imaginary - t[1].imaginary};
}

template <>
inline void put_together<4>(const Term *t, Term *to) {
  const Term a{t[0].real + t[2].real, t[0].imaginary + t[2].imaginary};
  const Term b{t[0].real - t[2].real, t[0].imaginary - t[2].imaginary};
  const Term c{t[1].real + t[3].real, t[1].imaginary + t[3].imaginary};
  const Term d{t[1].imaginary - t[3].imaginary, t[3].real - t[1].real};
  to[0] = {a.real + c.real, a.imaginary + c.imaginary};
  to[1] = {b.real + d.real, b.imaginary + d.imaginary};
  to[2] = {a.real - c.real, a.imaginary - c.imaginary};
  to[3] = {b.real - d.real, b.imaginary - d.imaginary};
}

// Steps write from one memory to another, so that nothing is put into another order first: the autosort of Stockham (Cochran
// et al., "What is the fast Fourier transform?", 1967). Number k of transform j lies at k * count + j, before a step (with its count times its factor) and after it. So loops run
// over places side by side: over transforms while there are many, in the last step over numbers. Imaginary parts lie `half`
// after the real ones.
struct Places {
  const double *from;
  double *to;
  const double *turn_real, *turn_imaginary;
  int half, part, count;
};

// The first step, whose terms are not turned: of numbers of the signal, in pairs of a real and an imaginary part.
template <int kFactor, int kCount>
void begin(const double *signal, const Places &at) {
  const int count = kCount ? kCount : at.count, half = kCount ? kCount * kFactor : at.half;
  double *const to = at.to;
  SCHATTEN_INDEPENDENT
  for (int j = 0; j < count; ++j) {
    Term t[kFactor], sums[kFactor];
    for (int q = 0; q < kFactor; ++q) t[q] = {signal[2 * (q * count + j)], signal[2 * (q * count + j) + 1]};
    put_together<kFactor>(t, sums);
    for (int r = 0; r < kFactor; ++r) {
      to[r * count + j] = sums[r].real;
      to[r * count + j + half] = sums[r].imaginary;
    }
  }
}

template <int kFactor, int kCount, int kPart>
void go_on(const Places &at) {
  const int part = kPart ? kPart : at.part, count = kCount ? kCount : at.count;
  const int pitch = part * count, half = kFactor * pitch;
  for (int k = 0; k < part; ++k) {
    const double *const from = at.from + k * kFactor * count;
    double *const to = at.to + k * count;
    double c[kFactor], s[kFactor];
    for (int q = 1; q < kFactor; ++q) {
      c[q] = at.turn_real[(q - 1) * part + k];
      s[q] = at.turn_imaginary[(q - 1) * part + k];
    }
    SCHATTEN_INDEPENDENT
    for (int j = 0; j < count; ++j) {
      Term t[kFactor], sums[kFactor];
      t[0] = {from[j], from[half + j]};
      for (int q = 1; q < kFactor; ++q) t[q] = turned({from[q * count + j], from[half + q * count + j]}, c[q], s[q]);
      put_together<kFactor>(t, sums);
      for (int r = 0; r < kFactor; ++r) {
        to[r * pitch + j] = sums[r].real;
        to[half + r * pitch + j] = sums[r].imaginary;
      }
    }
  }
}

// The last step: its count is 1.
template <int kFactor, int kPart>
void end(const Places &at) {
  const int part = kPart ? kPart : at.part, half = kFactor * part;
  const double *const from = at.from, *const turn_real = at.turn_real, *const turn_imaginary = at.turn_imaginary;
  double *const to = at.to;
  SCHATTEN_INDEPENDENT
  for (int k = 0; k < part; ++k) {
    Term t[kFactor], sums[kFactor];
    t[0] = {from[kFactor * k], from[half + kFactor * k]};
    for (int q = 1; q < kFactor; ++q) {
      const int turn = (q - 1) * part + k;
      t[q] = turned({from[kFactor * k + q], from[half + kFactor * k + q]}, turn_real[turn], turn_imaginary[turn]);
    }
    put_together<kFactor>(t, sums);
    for (int r = 0; r < kFactor; ++r) {
      to[r * part + k] = sums[r].real;
      to[half + r * part + k] = sums[r].imaginary;
    }
  }
}

template <int kFactor>
void run(const double *signal, const Places &at) {
  // The usual transform, of 512 numbers, where the compiler knows all places.
  if (kFactor == 4 && at.half == 256) {
    switch (at.count) {
      case 64: return begin<4, 64>(signal, at);
      case 16: return go_on<4, 16, 4>(at);
      case 4: return go_on<4, 4, 16>(at);
      default: return end<4, 64>(at);
    }
  }
  if (at.part == 1) return begin<kFactor, 0>(signal, at);
  return at.count == 1 ? end<kFactor, 0>(at) : go_on<kFactor, 0, 0>(at);
}

}  // namespace

void PowerSpectrum::transform(const double *x, double *power, double *workspace) const {
  const int half = length_ / 2;
  double *from = workspace, *to = workspace + length_;
  for (const Step &step : steps_) {
    const Places places{from, to, turns_.real.data() + step.turns, turns_.imaginary.data() + step.turns, half, step.part, step.count};
    switch (step.factor) {
      case 2: run<2>(x, places); break;
      case 3: run<3>(x, places); break;
      case 4: run<4>(x, places); break;
      default: run<5>(x, places); break;
    }
    std::swap(from, to);
  }
  // Even and odd numbers of the signal went through as real and imaginary parts. Numbers k and half - k share sums and
  // differences, here twice those of the transforms of even and odd numbers: a quarter of the power is exact.
  const double *const real = from, *const imaginary = from + half;
  const double first = real[0] + imaginary[0], middle = real[0] - imaginary[0];
  power[0] = first * first;
  power[half] = middle * middle;
  const double *const turn_real = last_.real.data(), *const turn_imaginary = last_.imaginary.data();
  SCHATTEN_INDEPENDENT
  for (int k = 1; k < (half + 1) / 2; ++k) {
    const int other = half - k;
    const double even_re = real[k] + real[other], even_im = imaginary[k] - imaginary[other];
    const double odd_re = imaginary[k] + imaginary[other], odd_im = real[other] - real[k];
    const double re = even_re + (turn_real[k] * odd_re - turn_imaginary[k] * odd_im);
    const double im = even_im + (turn_real[k] * odd_im + turn_imaginary[k] * odd_re);
    const double other_re = even_re + (turn_real[other] * odd_re + turn_imaginary[other] * odd_im);
    const double other_im = even_im + (turn_real[other] * odd_im - turn_imaginary[other] * odd_re);
    power[k] = 0.25 * (re * re + im * im);
    power[other] = 0.25 * (other_re * other_re + other_im * other_im);
  }
  if (half % 2 == 0) {
    const int k = half / 2;
    const double re = real[k] + turn_real[k] * imaginary[k], im = turn_imaginary[k] * imaginary[k];
    power[k] = re * re + im * im;
  }
}

Features::Features(const Gguf &file)
    : sample_rate_(file.integer("schatten.features.sample_rate", kSampleRate, kSampleRate)),
      shift_(file.integer("schatten.features.shift", 1, 65536)),
      bins_(file.integer("schatten.features.bins", 1, 4096)),
      preemphasis_(static_cast<double>(file.number("schatten.features.preemphasis"))),
      floor_(file.number("schatten.features.floor")),
      gain_(file.floats("features.gain", static_cast<size_t>(bins_))),
      offset_(file.floats("features.offset", static_cast<size_t>(bins_))),
      window_(scaled_window(file.floats("features.window", static_cast<size_t>(file.integer("schatten.features.window", 1, 65536))))),
      spectrum_(transform_length(file)) {
  require(window() <= spectrum_.length() && shift_ <= window(), "window, shift and transform of the features do not fit");
  require(floor_ >= 1e-30f, "the floor of the features is not positive: export the model again");
  const int frequencies = spectrum_.length() / 2 + 1;
  if (!file.has_tensor("features.filter.first")) {
    require(bins_ == frequencies, "the bins of the features do not fit their transform: export the model again");
    return;
  }
  const std::vector<int32_t> first = file.integers("features.filter.first", static_cast<size_t>(bins_));
  const std::vector<int32_t> width = file.integers("features.filter.width", static_cast<size_t>(bins_));
  size_t count = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    const bool sound = first[i] >= 0 && width[i] >= 0 && first[i] <= frequencies && width[i] <= frequencies - first[i];
    require(sound, "a filter of the features lies outside of the spectrum: export the model again");
    count += static_cast<size_t>(width[i]);
  }
  add_filters(first, width, file.floats("features.filter.weights", count));
}

// Filters of a group are made as wide as its widest one, by weights of zero. A filter may begin earlier for that, so that none
// ends beyond the spectrum. To add a product of zero changes no sum.
void Features::add_filters(const std::vector<int32_t> &first, const std::vector<int32_t> &width,
                           const std::vector<float> &weights) {
  const int frequencies = spectrum_.length() / 2 + 1;
  const float *next = weights.data();
  for (size_t begin = 0; begin < first.size(); begin += kTogether) {
    const size_t count = std::min(first.size() - begin, static_cast<size_t>(kTogether));
    const auto from = width.begin() + static_cast<ptrdiff_t>(begin);
    Filters filters{{}, *std::max_element(from, from + static_cast<ptrdiff_t>(count)), weights_.size()};
    weights_.resize(weights_.size() + static_cast<size_t>(filters.width) * kTogether);
    for (size_t f = 0; f < count; ++f) {
      filters.first[f] = std::min(first[begin + f], frequencies - filters.width);
      const size_t skipped = static_cast<size_t>(first[begin + f] - filters.first[f]);
      for (size_t i = 0; i < static_cast<size_t>(width[begin + f]); ++i) {
        weights_[filters.weights + (skipped + i) * kTogether + f] = static_cast<double>(*next++);
      }
    }
    filters_.push_back(filters);
  }
}

Features::Workspace Features::workspace() const {
  const size_t length = static_cast<size_t>(spectrum_.length());
  return {std::vector<double>(length), std::vector<double>(length / 2 + 1),
          std::vector<double>(spectrum_.workspace())};
}

void Features::compute(const sk_kernels *vectors, const float *samples, float *features, Workspace &workspace) const {
  double *const x = workspace.samples.data(), *const power = workspace.power.data();
  const double mean = sum(samples, window()) / window();
  const double *const window_of = window_.data();
  const double start = static_cast<double>(samples[0]) - mean;
  x[0] = (start - preemphasis_ * start) * window_of[0];
  SCHATTEN_INDEPENDENT
  for (int i = 1; i < window(); ++i) {
    const double centred = static_cast<double>(samples[i]) - mean, before = static_cast<double>(samples[i - 1]) - mean;
    x[i] = (centred - preemphasis_ * before) * window_of[i];
  }
  spectrum_.transform(x, power, workspace.spectrum.data());
  if (filters_.empty()) std::copy(power, power + bins_, features);
  for (size_t group = 0; group < filters_.size(); ++group) {
    double sums[kTogether];
    filter(filters_[group], power, sums);
    const size_t begin = group * kTogether, end = std::min(begin + kTogether, gain_.size());
    for (size_t bin = begin; bin < end; ++bin) features[bin] = static_cast<float>(sums[bin - begin]);
  }
  for (int bin = 0; bin < bins_; ++bin) features[bin] = std::max(features[bin], floor_);
  sk_log(vectors, features, features, bins_);
}

// Four sums side by side: each adds its products in order, and none waits for another.
void Features::filter(const Filters &filters, const double *power, double *sums) const {
  const double *weights = weights_.data() + filters.weights;
  const double *const a = power + filters.first[0], *const b = power + filters.first[1];
  const double *const c = power + filters.first[2], *const d = power + filters.first[3];
  double sum_a = 0, sum_b = 0, sum_c = 0, sum_d = 0;
  for (int i = 0; i < filters.width; ++i, weights += kTogether) {
    sum_a += weights[0] * a[i];
    sum_b += weights[1] * b[i];
    sum_c += weights[2] * c[i];
    sum_d += weights[3] * d[i];
  }
  sums[0] = sum_a, sums[1] = sum_b, sums[2] = sum_c, sums[3] = sum_d;
}

void Features::normalise(const float *features, float *normalised) const {
  for (size_t bin = 0; bin < gain_.size(); ++bin) normalised[bin] = features[bin] * gain_[bin] + offset_[bin];
}

}  // namespace schatten
