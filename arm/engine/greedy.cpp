#include "greedy.h"

#include <algorithm>

#include "decoder.h"

namespace schatten {

namespace {

// A minute of fast speech: more is allocated only beyond that.
constexpr size_t kExpectedLetters = 2400;
constexpr size_t kExpectedWords = 400;
constexpr size_t kPhonesInWord = 3;
const std::string kBeginsWord = "\u2581";  // the first letter of a word's first piece

}  // namespace

Greedy::Greedy(const Units &units, double seconds_per_frame)
    : units_(units), seconds_per_frame_(seconds_per_frame) {
  const size_t shown_in_word = units.separator == 0 && units.kind == Units::kPhones ? kPhonesInWord : 1;
  text_.reserve(kExpectedLetters * shown_in_word);
  words_.reserve(kExpectedWords * shown_in_word);
}

void Greedy::reset(double start) {
  start_ = start;
  frames_ = last_letter_ = 0;
  previous_ = 0;
  in_word_ = false;
  text_.clear();
  words_.clear();
}

void Greedy::forget() {
  previous_ = 0;
  in_word_ = false;
  text_.clear();
  words_.clear();
}

void Greedy::push(const float *logprobs) {
  const size_t count = units_.names.size();
  const size_t best = static_cast<size_t>(std::max_element(logprobs, logprobs + count) - logprobs);
  const double from = start_ + static_cast<double>(frames_) * seconds_per_frame_;
  ++frames_;
  const bool is_new = best != previous_;
  previous_ = best;
  if (best == 0) return;
  if (static_cast<int>(best) == units_.separator) {
    in_word_ = false;
    return;
  }
  last_letter_ = frames_;
  if (is_new) add(units_.names[best], from);
  words_.back().end = from + seconds_per_frame_;
}

void Greedy::rest() {
  ++frames_;
  previous_ = 0;
}

void Greedy::add(const std::string &unit, double from) {
  const bool is_piece = units_.kind == Units::kPieces;
  const size_t mark = is_piece && unit.compare(0, kBeginsWord.size(), kBeginsWord) == 0 ? kBeginsWord.size() : 0;
  if (units_.separator == 0 && (mark || !is_piece)) in_word_ = false;
  if (!in_word_) {
    if (!text_.empty()) text_ += ' ';
    words_.push_back({static_cast<int>(text_.size()), 0, from, from, kNoConfidence});
    in_word_ = true;
  }
  text_.append(unit, mark);
  words_.back().length += static_cast<int>(unit.size() - mark);
}

}  // namespace schatten
