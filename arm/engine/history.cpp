#include "history.h"

#include <algorithm>
#include <utility>

namespace schatten {

namespace {

constexpr size_t kFirstLimit = 4096;
constexpr double kFaint = 1e-4;  // share of an entry's mass below which those alike are dropped first

}  // namespace

History::History(size_t paths, size_t endings, bool keeps_alike) {
  // Two frames may follow before a sweep: one that fills it, and the one that ends the last word.
  const size_t expected = power_of_two(std::max(kFirstLimit, 16 * paths)) + 2 * paths * endings;
  entries_.reserve(expected);
  places_.reserve(expected);
  if (keeps_alike) alike_.reserve(expected), alike_.push_back({});
  rebuild(2 * expected);
}

void History::clear(const State &state) {
  limit_ = kFirstLimit;
  entries_.clear();
  entries_.push_back({state, lm::ngram::hash_value(state), -1, -1, 0, 0, 0, 0, 0, 0});
  std::fill(slots_.begin(), slots_.end(), -1);
  if (keeps_alike()) alike_.assign(1, {1, 0, ++groups_});
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
  if (keeps_alike()) alike_.push_back({0, static_cast<int>(entries_.size()), ++groups_});
  entries_.push_back(entry);
  return slots_[slot(entry.before, entry.word)] = static_cast<int>(entries_.size()) - 1;
}

void History::rebuild(size_t slots) {
  slots_.assign(power_of_two(slots), -1);
  for (size_t i = 1; i < entries_.size(); ++i) slots_[slot(entries_[i].before, entries_[i].word)] = static_cast<int>(i);
}

void History::join(int one, int other) {
  Alike &first = alike_[static_cast<size_t>(one)], &second = alike_[static_cast<size_t>(other)];
  if (first.group == second.group) return;
  const uint64_t joined = second.group;
  for (int i = other; alike_[static_cast<size_t>(i)].group == joined; i = alike_[static_cast<size_t>(i)].next) {
    alike_[static_cast<size_t>(i)].group = first.group;
  }
  std::swap(first.next, second.next);
}

// Marks an entry and those before it as needed; returns how many were not.
size_t History::mark(int index) {
  size_t count = 0;
  for (int i = index; places_[static_cast<size_t>(i)] < 0; i = (*this)[i].before) places_[static_cast<size_t>(i)] = 0, ++count;
  return count;
}

// Marks entries alike to marked ones, the latest first, while fewer than half of the limit are marked. So memory does not
// grow by them.
void History::mark_alike(size_t count) {
  for (int i = static_cast<int>(entries_.size()) - 1; i > 0; --i) {
    if (places_[static_cast<size_t>(i)] < 0) continue;
    for (int k = next_alike(i, i); k >= 0; k = next_alike(k, i)) {
      if (places_[static_cast<size_t>(k)] >= 0 || mass(k) < kFaint * mass(i)) continue;
      size_t more = 0;  // it, and what is not yet marked before it
      for (int j = k; places_[static_cast<size_t>(j)] < 0; j = (*this)[j].before) ++more;
      if (count + more > limit_ / 2) return;
      count += mark(k);
    }
  }
}

// Takes what is not marked out of the rings.
void History::relink() {
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (places_[i] < 0) continue;
    int next = alike_[i].next;
    while (places_[static_cast<size_t>(next)] < 0) next = alike_[static_cast<size_t>(next)].next;
    alike_[i].next = next;
  }
}

void History::sweep(std::vector<int *> &needed) {
  places_.assign(entries_.size(), -1);
  places_[0] = 0;
  size_t marked = 1;
  for (const int *at : needed) marked += mark(*at);
  if (keeps_alike()) mark_alike(marked), relink();
  size_t count = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (places_[i] < 0) continue;
    Entry entry = entries_[i];
    if (entry.before >= 0) entry.before = places_[static_cast<size_t>(entry.before)];
    places_[i] = static_cast<int>(count);
    if (keeps_alike()) alike_[count] = alike_[i];
    entries_[count++] = entry;
  }
  entries_.resize(count);
  if (keeps_alike()) {
    alike_.resize(count);
    for (Alike &one : alike_) one.next = places_[static_cast<size_t>(one.next)];
  }
  rebuild(slots_.size());
  for (int *at : needed) *at = places_[static_cast<size_t>(*at)];
  if (2 * count > limit_) limit_ *= 2;  // an utterance of many minutes
}

}  // namespace schatten
