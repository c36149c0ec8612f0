// The units of a model as sequences of letters. A gram is a unit of several letters, each of which is a unit too; all other
// units are one letter each, whatever their name.
#ifndef SCHATTEN_ENGINE_GRAMS_H
#define SCHATTEN_ENGINE_GRAMS_H

#include <stdint.h>

#include <map>
#include <utility>
#include <vector>

#include "units.h"

namespace schatten {

class Grams {
 public:
  using Letters = std::vector<uint16_t>;

  // Throws Error where units of the kind `grams` have no unit between words, or a gram whose letters are no units.
  explicit Grams(const Units &units);

  // Whether there are any.
  bool any() const { return !steps_.empty(); }
  // The letters of a unit, as places of units.
  const Letters &letters(int unit) const { return letters_[static_cast<size_t>(unit)]; }
  Letters letters(const Letters &units) const;

  // Calls found(unit, place) for each unit whose letters lead from a place of a tree of letters to another. for_each_child
  // calls what it is given with the letter and the place of each child of a place.
  template <class ForEachChild, class Found>
  void walk(int from, const ForEachChild &for_each_child, const Found &found) const {
    walk_from(0, from, for_each_child, found);
  }

 private:
  // Where letters lead: 0 is the beginning, and the unit of other places is 0 where letters end inside of grams alone.
  template <class ForEachChild, class Found>
  void walk_from(int step, int place, const ForEachChild &for_each_child, const Found &found) const {
    for_each_child(place, [&](int letter, int child) {
      const auto next = steps_.find({step, letter});
      if (next == steps_.end()) return;
      const int unit = units_[static_cast<size_t>(next->second)];
      if (unit) found(unit, child);
      walk_from(next->second, child, for_each_child, found);
    });
  }

  std::vector<Letters> letters_;
  std::map<std::pair<int, int>, int> steps_;
  std::vector<int> units_{0};
};

}  // namespace schatten
#endif
