// How sure it is that somebody spoke: in noise and babble the acoustic model finds units too, but no sure ones, and words that
// do not go with them.
#ifndef SCHATTEN_ENGINE_EVIDENCE_H
#define SCHATTEN_ENGINE_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include <algorithm>

#include "exponential.h"
#include "units.h"

namespace schatten {

// The geometric mean of the best unit's probability over the frames in which that is no blank and no separator; with a
// language model less by how much less likely its words are than the best path of units, for each unit of that.
class Evidence {
 public:
  explicit Evidence(const Units &units) : units_(units) {}

  void push(const float *logprobs) {
    const float *const best = std::max_element(logprobs, logprobs + units_.names.size());
    const int unit = static_cast<int>(best - logprobs);
    best_path_ += static_cast<double>(*best);
    const bool is_new = unit != before_;
    before_ = unit;
    if (unit == 0 || unit == units_.separator) return;
    heard_ += static_cast<double>(*best);
    ++frames_;
    begun_ += is_new;
  }
  // Takes a frame in which nothing is said.
  void rest() { before_ = 0; }
  // fit: of the words so far, natural log (Decoder::fit), from which on it counts; 0 without a language model.
  void reset(double fit) {
    heard_ = best_path_ = 0;
    frames_ = begun_ = 0;
    before_ = 0;
    start_ = fit;
  }
  // 0 where nothing was heard.
  double value() const { return frames_ ? exponential(mean()) : 0; }
  double value(double fit) const {
    if (!begun_) return 0;
    const double agreement = std::min(0.0, (fit - start_ - best_path_) / static_cast<double>(begun_));
    return exponential(mean() + kAgreement * agreement);
  }

 private:
  // Chosen on dev, where 0.1 to 0.25 part speech from noise and babble alike (docs/decisions/0025-quiet-stays-quiet.md).
  static constexpr double kAgreement = 0.2;

  double mean() const { return heard_ / static_cast<double>(frames_); }

  const Units &units_;
  double heard_ = 0, best_path_ = 0, start_ = 0;  // natural logs
  int64_t frames_ = 0, begun_ = 0;                // with a unit; units
  int before_ = 0;
};

}  // namespace schatten
#endif
