// A model as it was exported, checked and packed: layers without state, shared by streams.
#ifndef SCHATTEN_ENGINE_MODEL_H
#define SCHATTEN_ENGINE_MODEL_H

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "spectra.h"
#include "product.h"
#include "units.h"

namespace schatten {

// Looks at `frames` frames around every stride-th one: frame t of the output at t * stride - before and what follows.
struct FrameWindow {
  int frames, before, stride;
};

// A convolution with clipped ReLU, or stacked frames. Frames are (bins, channels), the channel running fastest.
struct FrontLayer {
  FrameWindow window;
  int bins, channels;                              // of the input
  int kernel_bins, stride_bins, out_bins;          // of a convolution
  std::shared_ptr<const PackedMatrix> convolution;  // none: frames are stacked
  std::vector<float> bias;
  float clip;

  int in_size() const { return bins * channels; }
  int out_channels() const { return convolution->rows(); }
  int out_size() const { return convolution ? out_bins * out_channels() : window.frames * in_size(); }
  // Numbers under the window: zeros beside the bins, (bins, frames, channels).
  int patch_size() const { return (bins + kernel_bins - 1) * window.frames * channels; }
};

// A GRU, a plain recurrent layer, an LSTM or a fully connected layer.
struct BackLayer {
  enum Kind { kGru, kRnn, kLstm, kLinear } kind;
  int units;
  std::unique_ptr<Product> nonrec, rec;  // rec of recurrent layers only
  std::vector<float> bias, rec_bias;     // rec_bias of a GRU: zeros for two gates
  std::vector<float> gain;               // of the input; empty: none
  bool clipped;
  float clip;

  int gates() const { return kind == kGru ? 3 : kind == kLstm ? 4 : 1; }
};

class Model {
 public:
  // Throws Error where it cannot be used; nothing of the file is needed later.
  explicit Model(const Gguf &file);

  const Features &features() const { return features_; }
  const std::vector<FrontLayer> &front() const { return front_; }
  const std::vector<BackLayer> &back() const { return back_; }
  const Units &units() const { return units_; }
  const sk_kernels *vectors() const { return vectors_; }
  int widest() const { return widest_; }  // numbers per frame in the layers behind the front

  bool is_int8() const { return is_int8_; }
  uint64_t parameters() const { return parameters_; }
  size_t packed_bytes() const { return packed_bytes_; }
  double latency_seconds() const { return latency_seconds_; }
  double seconds_per_frame() const;

 private:
  static const sk_kernels *vectors_allowed();
  void add_front(const Gguf &file, const std::string &kind, const std::string &name);
  void add_convolution(const Gguf &file, const std::string &name, FrontLayer &layer);
  void add_back(const Gguf &file, const std::string &kind, const std::string &name);
  std::unique_ptr<Product> product(const Gguf &file, const std::string &name, int columns);
  std::shared_ptr<const PackedMatrix> matrix(const Gguf &file, const std::string &name, int columns);

  Features features_;
  std::vector<FrontLayer> front_;
  std::vector<BackLayer> back_;
  Units units_;
  std::map<std::string, std::shared_ptr<const PackedMatrix>> matrices_;  // by the name of the tensor
  const sk_kernels *vectors_;
  int widest_ = 0;
  int64_t front_size_ = 0;  // numbers that a stream remembers of the front
  bool nibbles_;  // whether 4 bits stay so in memory
  bool is_int8_;
  uint64_t parameters_;
  size_t packed_bytes_ = 0;
  double latency_seconds_;
};

}  // namespace schatten
#endif
