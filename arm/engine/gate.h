// Whether a stream need listen: by the level of sound above that of its background, which is followed as it changes.
//
// A stream is awake until nothing was louder than the background for a while. Then it sleeps: windows of sound are held back
// here, as many as the beginning of a word may take, and older ones are dropped. The first loud window wakes it, and those
// that were held back come before that.
#ifndef SCHATTEN_ENGINE_GATE_H
#define SCHATTEN_ENGINE_GATE_H

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "model.h"

namespace schatten {

class Gate {
 public:
  // What schatten_options has of them: gate_decibels and gate_evidence.
  struct Thresholds {
    double decibels, evidence;
  };

  // decibels: what is louder than the background by this may be speech; 0: a gate that never sleeps.
  Gate(const Model &model, double decibels);

  bool is_on() const { return ratio_ > 0; }
  bool is_asleep() const { return is_asleep_; }
  // Takes the next window of samples in the range of 16 bits, and notes how loud it is.
  void hear(const float *samples);
  // Whether the last window may be speech.
  bool is_loud() const { return quiet_ == 0; }
  // Whether it has been quiet for long enough to fall asleep; asked again only after some more windows, so that what it costs
  // to find out whether letters are still to come is small.
  bool may_sleep() const;

  void sleep() { is_asleep_ = true; }
  // Wakes up. The windows that were held back are then to be heard, and forgotten.
  void wake() { is_asleep_ = false; }
  // Holds a window back. Returns whether an output frame's worth of windows had to be dropped for it.
  bool hold(const float *samples);
  size_t held() const { return held_; }
  // A window that was held back, the oldest first.
  const float *window(size_t index) const;
  void forget_held() { held_ = 0; }

  // Begins an utterance. goes_on: its sound follows that of the one before, so the background is known.
  void restart(bool goes_on);

 private:
  // The background is the quietest window of the last kBlocks * kBlockSeconds.
  static constexpr int kBlocks = 6;

  const double ratio_;  // of energies; 0: off
  const size_t length_;  // of a window
  const int frames_in_block_, frames_to_sleep_, frames_between_;
  const size_t stride_;  // windows of an output frame: so many are dropped at once, so that frames stay where they were
  const double least_;   // energy of a window: a background below it counts as this
  double quietest_[kBlocks];
  int block_ = 0, frames_ = 0;  // the present one, and windows in it
  int quiet_ = 0;               // windows since the last loud one
  bool is_asleep_ = false;
  std::vector<float> windows_;  // a ring
  size_t first_ = 0, held_ = 0, places_;
};

}  // namespace schatten
#endif
