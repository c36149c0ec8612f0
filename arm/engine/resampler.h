// Sound of any rate at another one, sample by sample as it comes.
#ifndef SCHATTEN_ENGINE_RESAMPLER_H
#define SCHATTEN_ENGINE_RESAMPLER_H

#include <stddef.h>
#include <stdint.h>

#include <vector>

namespace schatten {

// A windowed sinc (Kaiser's window), as a polyphase filter. With h half the lower rate, it passes 0 to 0.93 h within 0.01 dB,
// and is 90 dB down from h on, so that neither images nor aliases are heard. It delays nothing: the sample at time 0 stays
// there. The same bits come for chunks of any size and on any CPU: every sum has one order, and nothing is a C library's.
class Resampler {
 public:
  // Rates in Hz, 1 or more.
  Resampler(uint32_t from, uint32_t to);

  // Takes samples, and appends what is then known to `out`: all but the last few milliseconds.
  void add(const float *samples, size_t count, std::vector<float> &out);
  // Appends the rest: all in all, `count` samples become the next whole number of `count` x to / from. Nothing may follow.
  void finish(std::vector<float> &out);

 private:
  void make_filter(double cutoff, double beta);
  void take(uint64_t end, std::vector<float> &out);
  float sample() const;

  uint64_t step_, parts_;       // to the next sample: step_ / parts_ samples of the source
  size_t half_, rows_;          // taps on either side; rows of the filter for the parts of a sample
  std::vector<float> filter_;   // rows_ + 1 rows of 2 half_ taps
  std::vector<float> buffer_;   // samples of the source, half_ - 1 zeros before the first
  size_t at_ = 0;               // the taps of the next sample begin here in the buffer
  uint64_t part_ = 0;           // how far the next sample is behind the middle of its taps, in parts_
  uint64_t dropped_ = 0;        // samples that have left the buffer
};

}  // namespace schatten
#endif
