#include "gate.h"

#include <math.h>
#include <string.h>

#include <algorithm>

#include "exponential.h"
#include "failure.h"

namespace schatten {

namespace {

// Chosen on dev, see docs/decisions/0025-quiet-stays-quiet.md.
constexpr double kBlockSeconds = 0.5;
constexpr double kSecondsToSleep = 0.5;    // hangover: pauses within words and phrases are shorter
constexpr double kSecondsBetween = 0.12;   // between two questions whether it may sleep
constexpr double kSecondsHeldBack = 0.3;   // before a loud window: a soft fricative that begins a word
constexpr double kPreemphasis = 0.97;      // hum and wind are no speech, soft fricatives are
constexpr size_t kMostSamples = size_t{1} << 22;
constexpr double kLeastDeviation = 4;      // of samples: -78 dB of full scale, below which nobody speaks

int frames_of(const Features &features, double seconds) {
  return std::max(1, static_cast<int>(seconds * features.sample_rate() / features.shift()));
}

size_t stride_of(const Model &model) {
  size_t stride = 1;
  for (const FrontLayer &layer : model.front()) stride *= static_cast<size_t>(layer.window.stride);
  return stride;
}

double ratio_of(double decibels) {
  constexpr double kLogOfTen = 2.302585092994046;
  return decibels > 0 ? exponential(decibels / 10 * kLogOfTen) : 0;
}

}  // namespace

Gate::Gate(const Model &model, double decibels)
    : ratio_(ratio_of(decibels)),
      length_(static_cast<size_t>(model.features().window())),
      frames_in_block_(frames_of(model.features(), kBlockSeconds)),
      frames_to_sleep_(frames_of(model.features(), kSecondsToSleep)),
      frames_between_(frames_of(model.features(), kSecondsBetween)),
      stride_(stride_of(model)),
      least_(kLeastDeviation * kLeastDeviation * static_cast<double>(length_)),
      places_(is_on() ? static_cast<size_t>(frames_of(model.features(), kSecondsHeldBack)) + stride_ : 0) {
  require(places_ <= kMostSamples / length_, "the frames of this model are too many for a gate: open the stream without one");
  windows_.resize(places_ * length_);
  restart(false);
}

void Gate::restart(bool goes_on) {
  held_ = 0;
  quiet_ = goes_on ? quiet_ : 0;
  if (goes_on) return;
  is_asleep_ = false;
  block_ = frames_ = 0;
  std::fill(std::begin(quietest_), std::end(quietest_), HUGE_VAL);
}

void Gate::hear(const float *samples) {
  double energy = 0;
  for (size_t i = 1; i < length_; ++i) {
    const double change = static_cast<double>(samples[i]) - kPreemphasis * static_cast<double>(samples[i - 1]);
    energy += change * change;
  }
  if (frames_ == frames_in_block_) {
    block_ = (block_ + 1) % kBlocks;
    quietest_[block_] = HUGE_VAL;
    frames_ = 0;
  }
  ++frames_;
  quietest_[block_] = std::min(quietest_[block_], energy);
  const double background = std::max(least_, *std::min_element(std::begin(quietest_), std::end(quietest_)));
  if (energy > ratio_ * background) {
    quiet_ = 0;
  } else {
    quiet_ = may_sleep() ? frames_to_sleep_ - frames_between_ + 1 : quiet_ + 1;
  }
}

bool Gate::may_sleep() const { return quiet_ == frames_to_sleep_; }

bool Gate::hold(const float *samples) {
  const bool is_full = held_ == places_;
  if (is_full) {
    first_ = (first_ + stride_) % places_;
    held_ -= stride_;
  }
  memcpy(windows_.data() + (first_ + held_) % places_ * length_, samples, length_ * sizeof(float));
  ++held_;
  return is_full;
}

const float *Gate::window(size_t index) const { return windows_.data() + (first_ + index) % places_ * length_; }

}  // namespace schatten
