// The units of a frame as probabilities, and which of them may begin.
#ifndef SCHATTEN_ENGINE_FRAME_UNITS_H
#define SCHATTEN_ENGINE_FRAME_UNITS_H

#include <stddef.h>

#include <algorithm>
#include <vector>

#include "exponential.h"
#include "independent.h"

namespace schatten {

class FrameUnits {
 public:
  // Of so many units the likeliest `most` may begin.
  FrameUnits(size_t count, size_t most) : most_(most), probabilities_(count), likely_(count) { order_.reserve(count); }

  void read(const float *logprobs) {
    const size_t count = probabilities_.size();
    double *const probabilities = probabilities_.data();
    SCHATTEN_INDEPENDENT
    for (size_t i = 0; i < count; ++i) probabilities[i] = exponential(std::max(logprobs[i], kLeastLogProb));
    likely_ = probabilities_;
    if (most_ < count) keep_likeliest(logprobs);
    most_begun_ = *std::max_element(likely_.begin() + 1, likely_.end());
  }

  // Makes one unit sure to come.
  void make_sure(int unit) {
    std::fill(probabilities_.begin(), probabilities_.end(), 0.0);
    std::fill(likely_.begin(), likely_.end(), 0.0);
    probabilities_[static_cast<size_t>(unit)] = likely_[static_cast<size_t>(unit)] = most_begun_ = 1;
  }

  // The probability with which a unit is repeated, and that with which it begins.
  double repeated(int unit) const { return probabilities_[static_cast<size_t>(unit)]; }
  double begun(int unit) const { return likely_[static_cast<size_t>(unit)]; }
  const double *begun() const { return likely_.data(); }
  // That of the likeliest unit to begin, blank apart.
  double most_begun() const { return most_begun_; }

 private:
  static constexpr float kLeastLogProb = -300;  // such that no product leaves the range of double

  void keep_likeliest(const float *logprobs) {
    order_.resize(likely_.size());
    for (size_t i = 0; i < order_.size(); ++i) order_[i] = static_cast<int>(i);
    const auto middle = order_.begin() + static_cast<ptrdiff_t>(most_);
    std::nth_element(order_.begin(), middle, order_.end(), [=](int a, int b) {
      return logprobs[a] != logprobs[b] ? logprobs[a] > logprobs[b] : a < b;
    });
    for (auto unit = middle; unit != order_.end(); ++unit) likely_[static_cast<size_t>(*unit)] = 0;
  }

  const size_t most_;
  std::vector<double> probabilities_, likely_;
  std::vector<int> order_;
  double most_begun_ = 0;
};

}  // namespace schatten
#endif
