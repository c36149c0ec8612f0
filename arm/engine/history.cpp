#include "history.h"

#include <algorithm>

namespace schatten {

namespace {

constexpr size_t kFirstLimit = 4096;

}  // namespace

History::History(size_t paths, size_t endings) {
  // Two frames may follow before a sweep: one that fills it, and the one that ends the last word.
  const size_t expected = power_of_two(std::max(kFirstLimit, 16 * paths)) + 2 * paths * endings;
  entries_.reserve(expected);
  places_.reserve(expected);
  rebuild(2 * expected);
}

void History::clear(const State &state) {
  limit_ = kFirstLimit;
  entries_.clear();
  entries_.push_back({state, lm::ngram::hash_value(state), -1, -1, 0, 0, 0, 0, 0, 0});
  std::fill(slots_.begin(), slots_.end(), -1);
}

size_t History::slot(int before, int word) const {
  const uint64_t hash = (static_cast<uint64_t>(before) << 32 | static_cast<uint32_t>(word)) * 0x9E3779B97F4A7C15u;
  size_t at = static_cast<size_t>(hash >> 20) & (slots_.size() - 1);
  for (; slots_[at] >= 0; at = (at + 1) & (slots_.size() - 1)) {
    const Entry &entry = (*this)[slots_[at]];
    if (entry.before == before && entry.word == word) break;
  }
  return at;
}

int History::find(int before, int word) const { return slots_[slot(before, word)]; }

int History::add(Entry entry) {
  entry.words = (*this)[entry.before].words + 1;
  entry.serial = ++serial_;
  if (4 * entries_.size() >= 3 * slots_.size()) rebuild(2 * slots_.size());
  entries_.push_back(entry);
  return slots_[slot(entry.before, entry.word)] = static_cast<int>(entries_.size()) - 1;
}

void History::rebuild(size_t slots) {
  slots_.assign(power_of_two(slots), -1);
  for (size_t i = 1; i < entries_.size(); ++i) slots_[slot(entries_[i].before, entries_[i].word)] = static_cast<int>(i);
}

void History::sweep(std::vector<int *> &needed) {
  places_.assign(entries_.size(), -1);
  places_[0] = 0;
  for (const int *at : needed) {
    for (int i = *at; places_[static_cast<size_t>(i)] < 0; i = (*this)[i].before) places_[static_cast<size_t>(i)] = 0;
  }
  size_t count = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (places_[i] < 0) continue;
    Entry entry = entries_[i];
    if (entry.before >= 0) entry.before = places_[static_cast<size_t>(entry.before)];
    places_[i] = static_cast<int>(count);
    entries_[count++] = entry;
  }
  entries_.resize(count);
  rebuild(slots_.size());
  for (int *at : needed) *at = places_[static_cast<size_t>(*at)];
  if (2 * count > limit_) limit_ *= 2;  // an utterance of many minutes
}

}  // namespace schatten
