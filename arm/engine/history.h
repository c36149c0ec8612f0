// The words of the paths of a search, as a tree: one entry per sequence of words, with the language model's state. Entries of
// the same state are alike: where their paths meet, the less likely one ends. It can be remembered for other texts than the
// best.
#ifndef SCHATTEN_ENGINE_HISTORY_H
#define SCHATTEN_ENGINE_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "ngrams.h"

namespace schatten {

// The least power of two that is at least `least`.
inline size_t power_of_two(size_t least) {
  size_t size = 1;
  while (size < least) size *= 2;
  return size;
}

class History {
 public:
  struct Entry {
    State state;
    uint64_t state_hash;
    int before, word;             // the entry that it goes on from, and its last word: -1 in the first entry
    int words;                    // how many words it is
    int first_frame, last_frame;  // of the last word
    float score;                  // of the last word, natural log
    double arrival;               // how likely its likeliest end (without a separator: way on from there) was, beside the
                                  // best path at that time
    uint64_t serial;              // its own for ever: a sweep gives entries other places
  };

  // For so many paths, each of which ends at most so many words in a frame. Allocates later only where sweeps leave more
  // than 2048 entries, or 8 for each path where that is more. keeps_alike: remembers entries that lost to others, as far as
  // there is room.
  History(size_t paths, size_t endings, bool keeps_alike);

  // Forgets all; entry 0 is then the start, with `state`.
  void clear(const State &state);
  const Entry &operator[](int index) const { return entries_[static_cast<size_t>(index)]; }
  Entry &operator[](int index) { return entries_[static_cast<size_t>(index)]; }
  // The entry for one more word, or -1.
  int find(int before, int word) const;
  // Adds an entry for one more word; gives it its count of words and its serial.
  int add(Entry entry);

  bool keeps_alike() const { return !alike_.empty(); }
  // Adds to how likely the ends of an entry's last word are together, each beside the best path at its time.
  void add_mass(int index, double mass) { alike_[static_cast<size_t>(index)].mass += mass; }
  double mass(int index) const { return alike_[static_cast<size_t>(index)].mass; }
  // Notes that of two entries of one state one lost to the other.
  void join(int one, int other);
  // The entry behind `index` of those that met `first` or each other; -1 behind the last.
  int next_alike(int index, int first) const {
    const int next = alike_[static_cast<size_t>(index)].next;
    return next == first ? -1 : next;
  }

  // Whether it is time to drop what no path needs.
  bool is_full() const { return entries_.size() >= limit_; }
  // Keeps the entries in `needed` and those before them, and entries alike while there is room; writes their new places
  // there.
  void sweep(std::vector<int *> &needed);

 private:
  size_t slot(int before, int word) const;
  void rebuild(size_t slots);
  size_t mark(int index);
  void mark_alike(size_t count);
  void relink();

  // What is remembered of entries that lost.
  struct Alike {
    double mass;
    int next;        // in the ring of those that met; itself where it met none
    uint64_t group;  // that of the ring
  };

  std::vector<Entry> entries_;
  std::vector<int> slots_, places_;  // entries by hash of (before, word), -1: none; where a sweep puts them
  std::vector<Alike> alike_;  // of each entry; empty where they are not kept
  size_t limit_ = 0;       // entries at which it is swept
  uint64_t serial_ = 0;    // of the last entry
  uint64_t groups_ = 0;    // that there were
};

}  // namespace schatten
#endif
