// The acoustic model of one stream: feature frames in, log-probabilities out, state carried along.
#ifndef SCHATTEN_ENGINE_NETWORK_H
#define SCHATTEN_ENGINE_NETWORK_H

#include <functional>
#include <vector>

#include "model.h"

namespace schatten {

class Network {
 public:
  using Sink = std::function<void(const float *logprobs)>;

  // `batch` output frames, 1..4, go through the products together; `sink` gets each frame.
  Network(const Model &model, int batch, Sink sink);

  // Takes a normalised feature frame.
  void push(const float *frame) { feed(0, frame); }
  // Computes the frames that wait for a whole batch.
  void flush() { if (waiting_ > 0) run_batch(); }
  // Computes what is left: zeros follow the last frame, as in training.
  void finish();
  // Goes back to the state before the first frame.
  void reset();

  // Seconds that layers took since the network was made: the recurrent ones, and those behind the front that are not, with the
  // softmax.
  double recurrent_seconds() const { return recurrent_seconds_; }
  double output_seconds() const { return output_seconds_; }

 private:
  // What a layer of the front remembers: the last frames, and where it is.
  struct Front {
    std::vector<float> frames, output;   // the last frames, one by one in turn
    std::vector<float> largest;          // the largest absolute value of each
    std::vector<float> patch;            // what the kernel lies over
    std::vector<int8_t> quantized, row;  // of an 8-bit convolution: the same, and one frame
    std::vector<float> scales;
    int64_t pushed, produced;
  };
  struct Back {
    std::vector<float> state, cell;
  };

  void feed(size_t index, const float *frame);
  void produce(const FrontLayer &layer, Front &front);
  void convolve(const FrontLayer &layer, Front &front);
  void quantize(const FrontLayer &layer, Front &front);
  void run_batch();
  void run(const BackLayer &layer, Back &back, int count);
  void log_softmax(float *values, int count);

  const Model &model_;
  const int batch_;
  const Sink sink_;
  std::vector<Front> front_;
  std::vector<Back> back_;
  std::vector<float> input_, output_, gates_;  // of a batch; gates of one frame
  std::vector<float> exponentials_, zeros_;
  int waiting_ = 0;
  double recurrent_seconds_ = 0, output_seconds_ = 0;
  Workspace workspace_;
};

}  // namespace schatten
#endif
