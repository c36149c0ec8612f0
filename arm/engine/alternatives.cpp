#include "alternatives.h"

#include <limits.h>
#include <math.h>

#include <algorithm>

#include "decoder.h"
#include "exponential.h"

namespace schatten {

namespace {

constexpr size_t kMostTexts = kMostAlternatives;
constexpr size_t kMostParts = 16384;
constexpr size_t kExpectedWords = 400;  // a minute of fast speech, as in transcript.h
constexpr size_t kBlock = 64;           // words that are aligned at once
constexpr int kSlack = 1;  // frames by which the words of two paths may overlap: their times are those of likeliest paths
constexpr double kFaint = 1e-4;
constexpr double kLess = 1e-6;  // by which any other text is less likely than the best one, natural log: that comes first

}  // namespace

Alternatives::Alternatives(size_t ends) {
  if (!ends) return;
  ends_.reserve(ends);
  parts_.reserve(kMostParts);
  queue_.reserve(kMostParts);
  hashes_.reserve(kMostTexts);
  texts_.reserve(kMostTexts);
  words_.reserve(kMostTexts * kExpectedWords);
  same_.reserve(kMostTexts * kExpectedWords);
  confidences_.reserve(kExpectedWords);
}

void Alternatives::clear() {
  ends_.clear();
  parts_.clear();
  queue_.clear();
  hashes_.clear();
  texts_.clear();
  words_.clear();
  same_.clear();
  confidences_.clear();
}

void Alternatives::collect(const History &history, const End &best) {
  const auto better = [](const End &a, const End &b) { return a.weight != b.weight ? a.weight > b.weight : a.history < b.history; };
  std::sort(ends_.begin(), ends_.end(), better);
  push({best.weight, 0, best.history, -1, -1, INT_MAX});
  for (size_t i = 0; i < ends_.size() && i < kMostTexts; ++i) {
    if (ends_[i].history != best.history) push({std::min(ends_[i].weight, best.weight - kLess), 0, ends_[i].history, -1, -1, INT_MAX});
  }
  const auto later = [this](int a, int b) {
    const double left = parts_[static_cast<size_t>(a)].weight, right = parts_[static_cast<size_t>(b)].weight;
    return left != right ? left < right : a > b;
  };
  std::make_heap(queue_.begin(), queue_.end(), later);
  while (!queue_.empty() && texts_.size() < kMostTexts) {
    std::pop_heap(queue_.begin(), queue_.end(), later);
    const int at = queue_.back();
    queue_.pop_back();
    if (parts_[static_cast<size_t>(at)].before == 0) {
      add_text(history, at);
      continue;
    }
    const size_t known = queue_.size();
    expand(history, at);
    for (size_t i = known; i < queue_.size(); ++i) std::push_heap(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(i) + 1, later);
  }
}

// Queues a part, without order. A long utterance's last alternatives fall away.
void Alternatives::push(const Part &part) {
  // The best text is always whole: its parts weigh as much as the first.
  if (parts_.size() >= kMostParts && part.weight < parts_[0].weight) return;
  queue_.push_back(static_cast<int>(parts_.size()));
  parts_.push_back(part);
}

// Chooses the history that goes before a part in every way: the one of its path, or one that lost to that.
void Alternatives::expand(const History &history, int at) {
  const Part part = parts_[static_cast<size_t>(at)];
  const double most = history.mass(part.before);
  for (int i = part.before; i >= 0; i = history.next_alike(i, part.before)) {
    if (i == 0 && part.before != 0) continue;  // the start: a word whose state is that of `<s>` met it
    const History::Entry &entry = history[i];
    const double share = i == part.before ? 1 : std::min(1 - kLess, history.mass(i) / most);
    if (!(share >= kFaint) || (i != part.before && entry.last_frame > part.next_frame - 1 + kSlack)) continue;
    const uint64_t hash = (part.hash + static_cast<uint64_t>(entry.word) + 1) * 0x9E3779B97F4A7C15u;
    push({part.weight + log(share), hash ^ hash >> 32, entry.before, i, at, entry.first_frame});
  }
}

void Alternatives::add_text(const History &history, int at) {
  const uint64_t hash = parts_[static_cast<size_t>(at)].hash;
  if (std::find(hashes_.begin(), hashes_.end(), hash) != hashes_.end()) return;  // the same words, in a less likely way
  hashes_.push_back(hash);
  const size_t begin = words_.size();
  const double weight = parts_[static_cast<size_t>(at)].weight;
  for (int i = at; parts_[static_cast<size_t>(i)].chosen >= 0; i = parts_[static_cast<size_t>(i)].after) {
    words_.push_back(history[parts_[static_cast<size_t>(i)].chosen].word);
  }
  texts_.push_back({weight, 0, begin, words_.size()});
  align(texts_.back());
}

// Notes which words of the first text this one has: equal words at both ends are those, and between them the longest run of
// words that least edits leave.
void Alternatives::align(const Text &text) {
  const int *best = words_.data(), *other = words_.data() + text.begin;
  const size_t best_count = texts_[0].end, other_count = text.end - text.begin;
  const size_t begin = same_.size();
  same_.resize(begin + best_count, 0);
  char *const is_same = same_.data() + begin;
  size_t first = 0, last = 0;
  while (first < best_count && first < other_count && best[first] == other[first]) is_same[first++] = 1;
  while (first + last < best_count && first + last < other_count && best[best_count - 1 - last] == other[other_count - 1 - last]) {
    is_same[best_count - 1 - last++] = 1;
  }
  for (size_t at = first; at + last < std::min(best_count, other_count); at += kBlock) {
    align_block(best + at, std::min(kBlock, best_count - last - at), other + at, std::min(kBlock, other_count - last - at),
                is_same + at);
  }
}

// Of equally few edits those are taken that change a word rather than leave one out, from the end on.
void Alternatives::align_block(const int *best, size_t best_count, const int *other, size_t other_count, char *is_same) {
  uint8_t edits[kBlock + 1][kBlock + 1];
  for (size_t i = 0; i <= best_count; ++i) {
    for (size_t k = 0; k <= other_count; ++k) {
      if (i == 0 || k == 0) {
        edits[i][k] = static_cast<uint8_t>(i + k);
        continue;
      }
      const int changed = edits[i - 1][k - 1] + (best[i - 1] != other[k - 1]);
      edits[i][k] = static_cast<uint8_t>(std::min({changed, edits[i - 1][k] + 1, edits[i][k - 1] + 1}));
    }
  }
  for (size_t i = best_count, k = other_count; i > 0 && k > 0;) {
    const bool is_equal = best[i - 1] == other[k - 1];
    if (edits[i][k] == edits[i - 1][k - 1] + !is_equal) {
      is_same[--i] = is_equal;
      --k;
    } else if (edits[i][k] == edits[i - 1][k] + 1) {
      --i;
    } else {
      --k;
    }
  }
}

void Alternatives::weigh(double temperature) {
  confidences_.clear();
  if (texts_.empty()) return;
  double sum = 0;
  for (Text &text : texts_) {
    text.posterior = exponential((text.weight - texts_[0].weight) / temperature);
    sum += text.posterior;
  }
  confidences_.resize(texts_[0].end, 0);
  for (size_t i = 0; i < texts_.size(); ++i) {
    texts_[i].posterior /= sum;
    for (size_t k = 0; k < confidences_.size(); ++k) {
      if (same_[i * confidences_.size() + k]) confidences_[k] += texts_[i].posterior;
    }
  }
  for (double &confidence : confidences_) confidence = std::min(confidence, 1.0);  // sums are rounded
}

}  // namespace schatten
