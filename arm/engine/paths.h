// The paths of a search, and their places in a frame.
#ifndef SCHATTEN_ENGINE_PATHS_H
#define SCHATTEN_ENGINE_PATHS_H

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "history.h"

namespace schatten {

// All beginnings of the utterance that agree in the language model's state and in the letters of the present word. Where no
// separator parts words, the node after a word is minus the word's last unit, and the frames are those of that word.
struct Path {
  uint64_t state_hash;
  int node, history;            // in the lexicon; of the words before
  int first_frame, last_frame;  // of the present word's letters
  double blank, letter;         // probability of the ways that end in a blank, and of those that do not

  double total() const { return blank + letter; }
};

// Finds paths by node and state, for one frame at a time.
class PathTable {
 public:
  // Has memory for so many paths in a frame.
  explicit PathTable(size_t paths) : slots_(power_of_two(2 * paths + 2)) {}

  void clear() {
    ++frame_;
    used_ = 0;
  }
  // The place of such a path; where there is none, that of the path to come, `next`.
  template <class Same>
  int find_or_add(uint64_t state_hash, int node, int next, const Same &is_same) {
    const uint64_t hash = (state_hash ^ static_cast<uint64_t>(node) * 0x9E3779B97F4A7C15u) * 0xD6E8FEB86659FD93u;
    for (size_t at = hash >> 32 & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      Slot &slot = slots_[at];
      if (slot.frame != frame_) {
        slot = {frame_, hash, next};
        if (2 * ++used_ > slots_.size()) grow();
        return next;
      }
      if (slot.hash == hash && is_same(slot.path)) return slot.path;
    }
  }

 private:
  struct Slot {
    uint64_t frame = 0, hash = 0;
    int path = 0;
  };

  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    for (const Slot &slot : old) {
      if (slot.frame != frame_) continue;
      size_t at = slot.hash >> 32 & (slots_.size() - 1);
      while (slots_[at].frame == frame_) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> slots_;
  uint64_t frame_ = 0;
  size_t used_ = 0;
};

}  // namespace schatten
#endif
