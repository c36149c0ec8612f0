// Log-mel and log-linear spectra of a stream: window after window, as the training features were made.
#ifndef SCHATTEN_ENGINE_SPECTRA_H
#define SCHATTEN_ENGINE_SPECTRA_H

#include <vector>

#include "gguf.h"
#include "schatten_kernels.h"

namespace schatten {

// The power spectrum of a real signal of even length, whose half has no prime factor above 5. In double precision, each
// operation rounded once and in a fixed order: the same bits on every CPU.
class PowerSpectrum {
 public:
  explicit PowerSpectrum(int length);

  int length() const { return length_; }
  // Memory that a transform needs, in numbers.
  size_t workspace() const { return 2 * static_cast<size_t>(length_); }
  // x (length) to power (length / 2 + 1).
  void transform(const double *x, double *power, double *workspace) const;

 private:
  // A step makes `count` transforms, each of `factor` transforms of `part` numbers.
  struct Step {
    int factor, part, count;
    size_t turns;  // where those of its terms 1, 2, .. begin, `part` each
  };
  // Real and imaginary parts, each in an array of its own: loops over them become vectors.
  struct Numbers {
    std::vector<double> real, imaginary;
  };

  int length_;
  std::vector<Step> steps_;  // the first one first
  Numbers turns_, last_;     // of all steps; e^(-2 pi i k / length), which take half a transform to the whole one
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
    std::vector<double> samples, power, spectrum;
  };
  Workspace workspace() const;

  // One window of samples, in the range of 16 bits, to `bins` features.
  void compute(const sk_kernels *vectors, const float *samples, float *features, Workspace &workspace) const;
  // (features - mean) / deviation of the training data.
  void normalise(const float *features, float *normalised) const;

 private:
  static constexpr int kTogether = 4;
  // Filters that are computed together.
  struct Filters {
    int first[kTogether], width;  // bins of the spectrum
    size_t weights;               // where theirs begin: of each bin, one of each filter
  };
  void add_filters(const std::vector<int32_t> &first, const std::vector<int32_t> &width, const std::vector<float> &weights);
  void filter(const Filters &filters, const double *power, double *sums) const;

  int sample_rate_, shift_, bins_;
  double preemphasis_;
  float floor_;
  std::vector<float> gain_, offset_;
  std::vector<double> window_;   // of fp32, over the scale of the samples
  std::vector<double> weights_;  // of fp32
  std::vector<Filters> filters_;
  PowerSpectrum spectrum_;
};

}  // namespace schatten
#endif
