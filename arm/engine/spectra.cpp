#include "spectra.h"

#include <algorithm>
#include <complex>

#include "failure.h"

// Of a loop whose turns touch places of their own, so that it may become vectors. clang warns where it makes none.
#ifdef __clang__
#define SCHATTEN_INDEPENDENT
#else
#define SCHATTEN_INDEPENDENT _Pragma("GCC ivdep")
#endif

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

std::vector<double> doubles(const std::vector<float> &values) { return {values.begin(), values.end()}; }

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
  // Decimation in time (Cooley and Tukey, 1965): the transforms of every p-th number lie one after another.
  order_.assign(1, 0);
  int stride = half;
  for (auto factor = factors.rbegin(); factor != factors.rend(); ++factor) {
    const int part = half / stride;
    stride /= *factor;
    std::vector<int> order;
    for (int q = 0; q < *factor; ++q) {
      for (const int at : order_) order.push_back(at + q * stride);
    }
    order_ = order;
    steps_.push_back({*factor, part, turns_.real.size()});
    for (int q = 1; q < *factor; ++q) {
      for (int k = 0; k < part; ++k) add(turns_, 2 * stride * q * k);
    }
  }
  for (int k = 0; k < half; ++k) add(last_, k);
}

namespace {

// Of factors 3 and 5: e^(-2 pi i k / factor).
struct Roots {
  explicit Roots(int factor) {
    for (int k = 0; k < factor; ++k) z[k] = turn(k, factor);
  }
  std::complex<double> z[5];
};
const Roots kThird(3), kFifth(5);

struct Places {
  double *real, *imaginary;
  const double *turn_real, *turn_imaginary;
  int part;
};

// Term q of place k, turned; of q = 0 there is nothing to turn.
struct Term {
  double real, imaginary;
};
inline Term term(const Places &at, int q, int k) {
  const double re = at.real[q * at.part + k], im = at.imaginary[q * at.part + k];
  if (q == 0) return {re, im};
  const double c = at.turn_real[(q - 1) * at.part + k], s = at.turn_imaginary[(q - 1) * at.part + k];
  return {re * c - im * s, re * s + im * c};
}

void put_two(const Places &at) {
  SCHATTEN_INDEPENDENT
  for (int k = 0; k < at.part; ++k) {
    const Term a = term(at, 0, k), b = term(at, 1, k);
    at.real[k] = a.real + b.real;
    at.imaginary[k] = a.imaginary + b.imaginary;
    at.real[at.part + k] = a.real - b.real;
    at.imaginary[at.part + k] = a.imaginary - b.imaginary;
  }
}

void put_four(const Places &at) {
  const int part = at.part;
  double *const real = at.real, *const imaginary = at.imaginary;
  SCHATTEN_INDEPENDENT
  for (int k = 0; k < part; ++k) {
    const Term t0 = term(at, 0, k), t1 = term(at, 1, k), t2 = term(at, 2, k), t3 = term(at, 3, k);
    const double a_re = t0.real + t2.real, a_im = t0.imaginary + t2.imaginary;
    const double b_re = t0.real - t2.real, b_im = t0.imaginary - t2.imaginary;
    const double c_re = t1.real + t3.real, c_im = t1.imaginary + t3.imaginary;
    const double d_re = t1.imaginary - t3.imaginary, d_im = t3.real - t1.real;
    real[k] = a_re + c_re;
    imaginary[k] = a_im + c_im;
    real[part + k] = b_re + d_re;
    imaginary[part + k] = b_im + d_im;
    real[2 * part + k] = a_re - c_re;
    imaginary[2 * part + k] = a_im - c_im;
    real[3 * part + k] = b_re - d_re;
    imaginary[3 * part + k] = b_im - d_im;
  }
}

template <int kFactor>
void put_odd(const Places &at, const Roots &roots) {
  for (int k = 0; k < at.part; ++k) {
    Term terms[kFactor];
    for (int q = 0; q < kFactor; ++q) terms[q] = term(at, q, k);
    for (int r = 0; r < kFactor; ++r) {
      Term sum = terms[0];
      for (int q = 1; q < kFactor; ++q) {
        const std::complex<double> root = roots.z[(q * r) % kFactor];
        sum.real += terms[q].real * root.real() - terms[q].imaginary * root.imag();
        sum.imaginary += terms[q].real * root.imag() + terms[q].imaginary * root.real();
      }
      at.real[r * at.part + k] = sum.real;
      at.imaginary[r * at.part + k] = sum.imaginary;
    }
  }
}

}  // namespace

void PowerSpectrum::put_together(const Step &step, double *real, double *imaginary) const {
  const int size = step.factor * step.part;
  const double *const turn_real = turns_.real.data() + step.turns, *const turn_imaginary = turns_.imaginary.data() + step.turns;
  for (int at = 0; at < length_ / 2; at += size) {
    const Places places{real + at, imaginary + at, turn_real, turn_imaginary, step.part};
    switch (step.factor) {
      case 2: put_two(places); break;
      case 3: put_odd<3>(places, kThird); break;
      case 4: put_four(places); break;
      default: put_odd<5>(places, kFifth); break;
    }
  }
}

void PowerSpectrum::transform(const double *x, double *power, double *workspace) const {
  const int half = length_ / 2;
  double *const real = workspace, *const imaginary = workspace + half;
  for (int i = 0; i < half; ++i) {
    const double *from = x + 2 * order_[static_cast<size_t>(i)];
    real[i] = from[0];
    imaginary[i] = from[1];
  }
  for (const Step &step : steps_) put_together(step, real, imaginary);
  // Even and odd numbers of the signal went through as real and imaginary parts.
  const double first = real[0] + imaginary[0], middle = real[0] - imaginary[0];
  power[0] = first * first;
  power[half] = middle * middle;
  const double *const turn_real = last_.real.data(), *const turn_imaginary = last_.imaginary.data();
  for (int k = 1; k < half; ++k) {
    const double a_re = real[k], a_im = imaginary[k], b_re = real[half - k], b_im = -imaginary[half - k];
    const double even_re = 0.5 * (a_re + b_re), even_im = 0.5 * (a_im + b_im);
    const double odd_re = 0.5 * (a_im - b_im), odd_im = -0.5 * (a_re - b_re);
    const double re = even_re + (turn_real[k] * odd_re - turn_imaginary[k] * odd_im);
    const double im = even_im + (turn_real[k] * odd_im + turn_imaginary[k] * odd_re);
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
      window_(doubles(file.floats("features.window", static_cast<size_t>(file.integer("schatten.features.window", 1, 65536))))),
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
  int weights = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    const bool sound = first[i] >= 0 && width[i] >= 0 && first[i] <= frequencies && width[i] <= frequencies - first[i];
    require(sound, "a filter of the features lies outside of the spectrum: export the model again");
    filters_.push_back({first[i], width[i], weights});
    weights += width[i];
  }
  weights_ = doubles(file.floats("features.filter.weights", static_cast<size_t>(weights)));
}

Features::Workspace Features::workspace() const {
  const size_t length = static_cast<size_t>(spectrum_.length());
  return {std::vector<double>(length), std::vector<double>(length / 2 + 1),
          std::vector<double>(spectrum_.workspace())};
}

void Features::compute(const sk_kernels *vectors, const float *samples, float *features, Workspace &workspace) const {
  double *x = workspace.samples.data(), *power = workspace.power.data();
  double sum = 0;  // exact of 16-bit samples
  for (int i = 0; i < window(); ++i) sum += static_cast<double>(samples[i]);
  const double mean = sum / window();
  constexpr double kScale = 1.0 / 32768;  // a power of two: exact
  const double *const window_of = window_.data();
  const double start = static_cast<double>(samples[0]) - mean;
  x[0] = (start - preemphasis_ * start) * kScale * window_of[0];
  for (int i = 1; i < window(); ++i) {
    const double centred = static_cast<double>(samples[i]) - mean, before = static_cast<double>(samples[i - 1]) - mean;
    x[i] = (centred - preemphasis_ * before) * kScale * window_of[i];
  }
  spectrum_.transform(x, power, workspace.spectrum.data());
  for (int bin = 0; bin < bins_; ++bin) {
    double value = 0;
    if (filters_.empty()) {
      value = power[bin];
    } else {
      const Filter &filter = filters_[static_cast<size_t>(bin)];
      const double *weights = weights_.data() + filter.weight;
      for (int i = 0; i < filter.width; ++i) value += weights[i] * power[filter.first + i];
    }
    features[bin] = std::max(static_cast<float>(value), floor_);
  }
  sk_log(vectors, features, features, bins_);
}

void Features::normalise(const float *features, float *normalised) const {
  for (size_t bin = 0; bin < gain_.size(); ++bin) normalised[bin] = features[bin] * gain_[bin] + offset_[bin];
}

}  // namespace schatten
