#include "network.h"

#include <string.h>

#include <algorithm>

#include "clock.h"
#include "failure.h"

namespace schatten {

Network::Network(const Model &model, int batch, Sink sink) : model_(model), batch_(batch), sink_(std::move(sink)) {
  for (const FrontLayer &layer : model.front()) {
    Front front{};
    front.frames.resize(static_cast<size_t>(layer.window.frames) * static_cast<size_t>(layer.in_size()));
    front.output.resize(static_cast<size_t>(layer.out_size()));
    if (layer.convolution) {
      const size_t patch = static_cast<size_t>(layer.patch_size());
      if (layer.convolution->is_int8()) {
        front.quantized.resize(patch);
        front.row.resize(static_cast<size_t>(layer.in_size()));
        front.largest.resize(static_cast<size_t>(layer.window.frames));
      } else {
        front.patch.resize(patch);
      }
      front.scales.resize(static_cast<size_t>(layer.out_bins));
      const size_t scratch = layer.convolution->scratch_bytes(layer.out_bins);
      workspace_.scratch.resize(std::max(workspace_.scratch.size(), scratch));
    }
    front_.push_back(std::move(front));
    zeros_.resize(std::max(zeros_.size(), static_cast<size_t>(layer.in_size())));
  }
  for (const BackLayer &layer : model.back()) {
    const size_t units = static_cast<size_t>(layer.units);
    layer.nonrec->reserve(workspace_, batch);
    if (layer.rec) layer.rec->reserve(workspace_, 1);
    back_.push_back({std::vector<float>(layer.rec ? units : 0), std::vector<float>(layer.rec ? units : 0)});
  }
  const size_t widest = static_cast<size_t>(model.widest());
  input_.resize(widest * static_cast<size_t>(batch));
  output_.resize(widest * static_cast<size_t>(batch));
  gates_.resize(widest);
  exponentials_.resize(model.units().names.size());
}

void Network::reset() {
  for (Front &front : front_) {
    std::fill(front.frames.begin(), front.frames.end(), 0.0f);
    std::fill(front.largest.begin(), front.largest.end(), 0.0f);
    front.pushed = front.produced = 0;
  }
  for (Back &back : back_) {
    std::fill(back.state.begin(), back.state.end(), 0.0f);
    std::fill(back.cell.begin(), back.cell.end(), 0.0f);
  }
  waiting_ = 0;
}

void Network::feed(size_t index, const float *frame) {
  if (index == front_.size()) {
    const size_t width = static_cast<size_t>(model_.back()[0].nonrec->cols());
    memcpy(input_.data() + static_cast<size_t>(waiting_) * width, frame, width * sizeof(float));
    if (++waiting_ == batch_) run_batch();
    return;
  }
  const FrontLayer &layer = model_.front()[index];
  Front &front = front_[index];
  const FrameWindow &window = layer.window;
  const size_t size = static_cast<size_t>(layer.in_size());
  const size_t slot = static_cast<size_t>(front.pushed % window.frames);
  memcpy(front.frames.data() + slot * size, frame, size * sizeof(float));
  if (!front.largest.empty()) front.largest[slot] = sk_largest(model_.vectors(), frame, static_cast<int>(size));
  ++front.pushed;
  if (front.produced * window.stride - window.before + window.frames == front.pushed) {
    ++front.produced;
    produce(layer, front);
    feed(index + 1, front.output.data());
  }
}

void Network::finish() {
  for (size_t index = 0; index < front_.size(); ++index) {
    const FrontLayer &layer = model_.front()[index];
    Front &front = front_[index];
    const int64_t total = front.pushed == 0 ? 0 : (front.pushed - 1) / layer.window.stride + 1;
    while (front.produced < total) feed(index, zeros_.data());
  }
  flush();
}

void Network::produce(const FrontLayer &layer, Front &front) {
  if (layer.convolution) return convolve(layer, front);
  const size_t size = static_cast<size_t>(layer.in_size());
  for (int i = 0; i < layer.window.frames; ++i) {
    const size_t slot = static_cast<size_t>((front.pushed + i) % layer.window.frames);
    memcpy(front.output.data() + static_cast<size_t>(i) * size, front.frames.data() + slot * size, size * sizeof(float));
  }
}

// Copies pieces of kBytes (0: `bytes`), one after another, to places `pitch` bytes apart. Pieces are short, so that a call of
// memcpy for each would take longer than the copy.
template <int kBytes>
static void spread(const char *from, int count, size_t bytes, char *to, ptrdiff_t pitch) {
  const size_t size = kBytes ? kBytes : bytes;
#pragma GCC unroll 4
  for (int i = 0; i < count; ++i, from += size, to += pitch) memcpy(to, from, size);
}

// Puts frame `i` of those under the window into its place among them: beside each bin's others.
template <class T>
static void place(const FrontLayer &layer, int i, const T *frame, T *patch) {
  const int frames = layer.window.frames, channels = layer.channels;
  T *inside = patch + ((layer.kernel_bins - 1) / 2 * frames + i) * channels;
  const size_t bytes = static_cast<size_t>(channels) * sizeof(T);
  const auto copy = bytes == 1    ? spread<1>
                    : bytes == 4  ? spread<4>
                    : bytes == 8  ? spread<8>
                    : bytes == 16 ? spread<16>
                    : bytes == 32 ? spread<32>
                    : bytes == 64 ? spread<64>
                                  : spread<0>;
  copy(reinterpret_cast<const char *>(frame), layer.bins, bytes, reinterpret_cast<char *>(inside),
       static_cast<ptrdiff_t>(bytes) * frames);
}

// With one scale for all that is under the window.
void Network::quantize(const FrontLayer &layer, Front &front) {
  const int frames = layer.window.frames, size = layer.in_size();
  const float largest = *std::max_element(front.largest.begin(), front.largest.end());
  float scale = 0;
  for (int i = 0; i < frames; ++i) {
    const float *frame = front.frames.data() + (front.pushed + i) % frames * size;
    scale = sk_quantize_within(model_.vectors(), frame, largest, front.row.data(), size);
    place(layer, i, front.row.data(), front.quantized.data());
  }
  std::fill(front.scales.begin(), front.scales.end(), scale);
}

void Network::convolve(const FrontLayer &layer, Front &front) {
  const int frames = layer.window.frames, channels = layer.channels;
  if (layer.convolution->is_int8()) {
    quantize(layer, front);
  } else {
    for (int i = 0; i < frames; ++i) {
      place(layer, i, front.frames.data() + (front.pushed + i) % frames * layer.in_size(), front.patch.data());
    }
  }
  const Columns columns{front.patch.data(), front.quantized.data(), front.scales.data(),
                        static_cast<ptrdiff_t>(layer.stride_bins) * frames * channels, layer.out_bins, false};
  layer.convolution->multiply(columns, layer.bias.data(), front.output.data(), layer.out_channels(),
                              workspace_.scratch.data());
  for (float &value : front.output) value = std::min(std::max(value, 0.0f), layer.clip);
}

void Network::run_batch() {
  const int count = waiting_;
  waiting_ = 0;
  double before = now();
  for (size_t i = 0; i < back_.size(); ++i) {
    run(model_.back()[i], back_[i], count);
    input_.swap(output_);
    const double after = now();
    (model_.back()[i].rec ? recurrent_seconds_ : output_seconds_) += after - before;
    before = after;
  }
  const int units = static_cast<int>(model_.units().names.size());
  for (int n = 0; n < count; ++n) log_softmax(input_.data() + static_cast<ptrdiff_t>(n) * units, units);
  output_seconds_ += now() - before;
  for (int n = 0; n < count; ++n) sink_(input_.data() + static_cast<ptrdiff_t>(n) * units);
}

void Network::run(const BackLayer &layer, Back &back, int count) {
  const sk_kernels *vectors = model_.vectors();
  const int width = layer.nonrec->cols(), rows = layer.nonrec->rows(), units = layer.units;
  for (size_t k = 0; k < layer.gain.size(); ++k) {
    for (int n = 0; n < count; ++n) input_[static_cast<size_t>(n * width) + k] *= layer.gain[k];
  }
  layer.nonrec->multiply(vectors, input_.data(), count, layer.bias.data(), output_.data(), workspace_, false);
  if (layer.kind == BackLayer::kLinear) {
    if (!layer.clipped) return;
    const auto end = output_.begin() + static_cast<ptrdiff_t>(count) * units;
    for (auto value = output_.begin(); value != end; ++value) *value = std::min(std::max(*value, 0.0f), layer.clip);
    return;
  }
  const float *rec_bias = layer.kind == BackLayer::kGru ? layer.rec_bias.data() : nullptr;
  for (int n = 0; n < count; ++n) {
    const float *gates = output_.data() + static_cast<ptrdiff_t>(n) * rows;
    const bool backwards = n % 2 != 0;  // what frame n - 1 read last may still be in the cache
    layer.rec->multiply(vectors, back.state.data(), 1, rec_bias, gates_.data(), workspace_, backwards);
    if (layer.kind == BackLayer::kGru) {
      sk_gru_step(vectors, gates, gates_.data(), back.state.data(), units);
    } else if (layer.kind == BackLayer::kRnn) {
      for (size_t u = 0; u < back.state.size(); ++u) {
        back.state[u] = std::min(std::max(gates[u] + gates_[u], 0.0f), layer.clip);
      }
    } else {
      sk_lstm_step(vectors, gates, gates_.data(), back.cell.data(), back.state.data(), units);
    }
    // Frame n's result may take the place of gates that are used up.
    memcpy(output_.data() + static_cast<ptrdiff_t>(n) * units, back.state.data(), static_cast<size_t>(units) * sizeof(float));
  }
}

void Network::log_softmax(float *values, int count) {
  float zero = 0;  // NaN, which is not 0, where a value is NaN or infinite
  for (int i = 0; i < count; ++i) zero += 0.0f * values[i];
  // No require() here, which would allocate its text for every frame.
  if (zero != 0) throw Error("the results of the model are not finite numbers: copy the model again, or train it again");
  const float top = *std::max_element(values, values + count);
  for (int i = 0; i < count; ++i) values[i] -= top;
  sk_exp(model_.vectors(), values, exponentials_.data(), count);
  float sum = 0;
  for (int i = 0; i < count; ++i) sum += exponentials_[static_cast<size_t>(i)];
  sk_log(model_.vectors(), &sum, &sum, 1);
  for (int i = 0; i < count; ++i) values[i] -= sum;
}

}  // namespace schatten
