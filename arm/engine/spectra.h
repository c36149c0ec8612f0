// Log-mel and log-linear spectra of a stream: window after window, as the training features were made.
#ifndef SCHATTEN_ENGINE_SPECTRA_H
#define SCHATTEN_ENGINE_SPECTRA_H

#include <complex>
#include <vector>

#include "gguf.h"
#include "schatten_kernels.h"

namespace schatten {

// The power spectrum of a real signal of even length, whose half has no prime factor above 5.
class PowerSpectrum {
 public:
  explicit PowerSpectrum(int length);

  int length() const { return length_; }
  // Memory that a transform needs, in complex numbers.
  size_t workspace() const { return static_cast<size_t>(length_); }
  // x (length) to power (length / 2 + 1).
  void transform(const double *x, double *power, std::complex<double> *workspace) const;

 private:
  void step(std::complex<double> *to, const std::complex<double> *from, int stride, const int *factor, int length) const;

  int length_;
  std::vector<int> factors_;
  std::vector<std::complex<double>> turns_;  // e^(-2 pi i k / length)
};

// Settings of the features; shared by streams.
class Features {
 public:
  explicit Features(const Gguf &file);

  int window() const { return static_cast<int>(window_.size()); }
  int shift() const { return shift_; }
  int bins() const { return bins_; }
  int sample_rate() const { return sample_rate_; }

  struct Workspace {
    std::vector<double> samples, power;
    std::vector<std::complex<double>> spectrum;
  };
  Workspace workspace() const;

  // One window of samples, in the range of 16 bits, to `bins` features.
  void compute(const sk_kernels *vectors, const float *samples, float *features, Workspace &workspace) const;
  // (features - mean) / deviation of the training data.
  void normalise(const float *features, float *normalised) const;

 private:
  struct Filter {
    int first, width, weight;  // bins of the spectrum; index of the first weight
  };
  int sample_rate_, shift_, bins_;
  double preemphasis_;
  float floor_;
  std::vector<float> window_, gain_, offset_, weights_;
  std::vector<Filter> filters_;
  PowerSpectrum spectrum_;
};

}  // namespace schatten
#endif
