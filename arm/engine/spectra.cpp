#include "spectra.h"

#include <algorithm>

#include "failure.h"

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

std::complex<double> times(std::complex<double> a, std::complex<double> b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

int transform_length(const Gguf &file) { return file.integer("schatten.features.fft", 4, 65536); }

}  // namespace

PowerSpectrum::PowerSpectrum(int length) : length_(length) {
  require(length % 2 == 0, "the length of the Fourier transform is odd: export the model again");
  int left = length / 2;
  for (const int factor : {4, 2, 3, 5}) {
    for (; left % factor == 0; left /= factor) factors_.push_back(factor);
  }
  require(left == 1, "the length of the Fourier transform has a prime factor above 5: export the model again");
  for (int k = 0; k < length; ++k) turns_.push_back(turn(k, length));
}

// Decimation in time (Cooley and Tukey, 1965): transforms of every p-th number, then p of their results at a time.
void PowerSpectrum::step(std::complex<double> *to, const std::complex<double> *from, int stride, const int *factor,
                         int length) const {
  const int p = *factor, part = length / p;
  for (int q = 0; q < p; ++q) {
    if (part == 1) {
      to[q] = from[q * stride];
    } else {
      step(to + q * part, from + q * stride, stride * p, factor + 1, part);
    }
  }
  const int turn = 2 * stride;  // turns_ are those of twice the length
  for (int k = 0; k < part; ++k) {
    std::complex<double> terms[5];
    for (int q = 0; q < p; ++q) terms[q] = times(to[k + q * part], turns_[static_cast<size_t>(turn * q * k)]);
    if (p == 2) {
      to[k] = terms[0] + terms[1];
      to[k + part] = terms[0] - terms[1];
      continue;
    }
    if (p == 4) {
      const std::complex<double> a = terms[0] + terms[2], b = terms[0] - terms[2], c = terms[1] + terms[3];
      const std::complex<double> d = {terms[1].imag() - terms[3].imag(), terms[3].real() - terms[1].real()};
      to[k] = a + c;
      to[k + part] = b + d;
      to[k + 2 * part] = a - c;
      to[k + 3 * part] = b - d;
      continue;
    }
    for (int r = 0; r < p; ++r) {
      std::complex<double> sum = terms[0];
      for (int q = 1; q < p; ++q) {
        sum += times(terms[q], turns_[static_cast<size_t>(turn * part * ((q * r) % p))]);
      }
      to[k + r * part] = sum;
    }
  }
}

void PowerSpectrum::transform(const double *x, double *power, std::complex<double> *workspace) const {
  const int half = length_ / 2;
  std::complex<double> *packed = workspace, *z = workspace + half;
  for (int i = 0; i < half; ++i) packed[i] = {x[2 * i], x[2 * i + 1]};
  step(z, packed, 1, factors_.data(), half);
  for (int k = 0; k <= half; ++k) {
    const std::complex<double> a = z[k % half], b = std::conj(z[(half - k) % half]);
    const std::complex<double> even = 0.5 * (a + b), odd = times({0, -0.5}, a - b);
    const std::complex<double> sum = k == half ? even - odd : even + times(turns_[static_cast<size_t>(k)], odd);
    power[k] = sum.real() * sum.real() + sum.imag() * sum.imag();
  }
}

Features::Features(const Gguf &file)
    : sample_rate_(file.integer("schatten.features.sample_rate", kSampleRate, kSampleRate)),
      shift_(file.integer("schatten.features.shift", 1, 65536)),
      bins_(file.integer("schatten.features.bins", 1, 4096)),
      preemphasis_(static_cast<double>(file.number("schatten.features.preemphasis"))),
      floor_(file.number("schatten.features.floor")),
      window_(file.floats("features.window", static_cast<size_t>(file.integer("schatten.features.window", 1, 65536)))),
      gain_(file.floats("features.gain", static_cast<size_t>(bins_))),
      offset_(file.floats("features.offset", static_cast<size_t>(bins_))),
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
  weights_ = file.floats("features.filter.weights", static_cast<size_t>(weights));
}

Features::Workspace Features::workspace() const {
  const size_t length = static_cast<size_t>(spectrum_.length());
  return {std::vector<double>(length), std::vector<double>(length / 2 + 1),
          std::vector<std::complex<double>>(spectrum_.workspace())};
}

void Features::compute(const sk_kernels *vectors, const float *samples, float *features, Workspace &workspace) const {
  double *x = workspace.samples.data(), *power = workspace.power.data();
  double sum = 0;  // exact of 16-bit samples
  for (int i = 0; i < window(); ++i) sum += static_cast<double>(samples[i]);
  const double mean = sum / window();
  double before = static_cast<double>(samples[0]) - mean;
  for (int i = 0; i < window(); ++i) {
    const double centred = static_cast<double>(samples[i]) - mean;
    x[i] = (centred - preemphasis_ * before) / 32768 * static_cast<double>(window_[static_cast<size_t>(i)]);
    before = centred;
  }
  spectrum_.transform(x, power, workspace.spectrum.data());
  for (int bin = 0; bin < bins_; ++bin) {
    double value = 0;
    if (filters_.empty()) {
      value = power[bin];
    } else {
      const Filter &filter = filters_[static_cast<size_t>(bin)];
      const float *weights = weights_.data() + filter.weight;
      for (int i = 0; i < filter.width; ++i) value += static_cast<double>(weights[i]) * power[filter.first + i];
    }
    features[bin] = std::max(static_cast<float>(value), floor_);
  }
  sk_log(vectors, features, features, bins_);
}

void Features::normalise(const float *features, float *normalised) const {
  for (size_t bin = 0; bin < gain_.size(); ++bin) normalised[bin] = features[bin] * gain_[bin] + offset_[bin];
}

}  // namespace schatten
