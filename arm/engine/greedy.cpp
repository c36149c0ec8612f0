#include "greedy.h"

#include <algorithm>

namespace schatten {

namespace {

// A minute of fast speech: more is allocated only beyond that.
constexpr size_t kExpectedLetters = 2400;
constexpr size_t kExpectedWords = 400;

}  // namespace

Greedy::Greedy(const std::vector<std::string> &units, double seconds_per_frame)
    : units_(units), seconds_per_frame_(seconds_per_frame) {
  text_.reserve(kExpectedLetters);
  words_.reserve(kExpectedWords);
}

void Greedy::reset(double start) {
  start_ = start;
  frames_ = last_letter_ = 0;
  previous_ = 0;
  in_word_ = false;
  text_.clear();
  words_.clear();
}

void Greedy::push(const float *logprobs) {
  const size_t best = static_cast<size_t>(std::max_element(logprobs, logprobs + units_.size()) - logprobs);
  const double from = start_ + static_cast<double>(frames_) * seconds_per_frame_;
  ++frames_;
  const bool is_new = best != previous_;
  previous_ = best;
  if (best == 0) return;
  const std::string &unit = units_[best];
  if (unit == " ") {
    in_word_ = false;
    return;
  }
  last_letter_ = frames_;
  if (is_new) {
    if (!in_word_) {
      if (!text_.empty()) text_ += ' ';
      words_.push_back({static_cast<int>(text_.size()), 0, from, from});
      in_word_ = true;
    }
    text_ += unit;
    words_.back().length += static_cast<int>(unit.size());
  }
  words_.back().end = from + seconds_per_frame_;
}

}  // namespace schatten
