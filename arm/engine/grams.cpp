#include "grams.h"

#include <string>

#include "failure.h"
#include "utf8.h"

namespace schatten {

namespace {

constexpr size_t kLongest = 16;  // letters of a gram; the recipe allows 8

}  // namespace

Grams::Grams(const Units &units) {
  for (size_t i = 0; i < units.names.size(); ++i) letters_.push_back({static_cast<uint16_t>(i)});
  if (units.kind != Units::kGrams) return;
  require(units.separator > 0, "the model writes grams without a unit between words: export it again");
  std::map<std::string, uint16_t> places;
  for (size_t i = 1; i < units.names.size(); ++i) places.emplace(units.names[i], static_cast<uint16_t>(i));
  for (size_t i = 1; i < units.names.size(); ++i) {
    const std::string &name = units.names[i];
    Letters letters;
    bool is_spelled = !name.empty();
    for (size_t at = 0, length; is_spelled && at < name.size(); at += length) {
      length = utf8_letter(name, at);
      const auto letter = places.find(name.substr(at, length));
      is_spelled = length > 0 && letter != places.end() && letters.size() < kLongest &&
                   (letter->second != units.separator || length == name.size());
      if (is_spelled) letters.push_back(letter->second);
    }
    require(is_spelled, "the model writes the gram `" + name.substr(0, 40) + "`, whose letters are no units: export it again");
    letters_[i] = std::move(letters);
    int step = 0;
    for (const uint16_t letter : letters_[i]) {
      const auto [next, is_new] = steps_.emplace(std::pair<int, int>(step, letter), static_cast<int>(units_.size()));
      if (is_new) units_.push_back(0);
      step = next->second;
    }
    units_[static_cast<size_t>(step)] = static_cast<int>(i);
  }
}

Grams::Letters Grams::letters(const Letters &units) const {
  Letters found;
  for (const uint16_t unit : units) found.insert(found.end(), letters(unit).begin(), letters(unit).end());
  return found;
}

}  // namespace schatten
