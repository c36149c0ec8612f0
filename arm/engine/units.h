// The units that a model writes, as its file names them.
#ifndef SCHATTEN_ENGINE_UNITS_H
#define SCHATTEN_ENGINE_UNITS_H

#include <algorithm>
#include <string>
#include <vector>

#include "failure.h"

namespace schatten {

struct Units {
  enum Kind { kCharacters, kPhones, kPieces, kGrams };

  Kind kind;
  std::vector<std::string> names;  // CTC's blank is the first
  int separator;                   // the unit between words; 0: words follow each other directly

  bool operator==(const Units &other) const {
    return kind == other.kind && names == other.names && separator == other.separator;
  }

  // The place of a unit, or 0.
  static int find(const std::vector<std::string> &names, const std::string &name) {
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? 0 : static_cast<int>(found - names.begin());
  }
  // Characters, with a space between words.
  static Units characters(std::vector<std::string> names) {
    const int space = find(names, " ");
    return {kCharacters, std::move(names), space};
  }
};

inline Units::Kind kind_of_units(const std::string &name) {
  require(name == "characters" || name == "phones" || name == "pieces" || name == "grams",
          "the model writes units of an unknown kind, " + name.substr(0, 40) + ": it needs a later engine");
  if (name == "phones") return Units::kPhones;
  if (name == "pieces") return Units::kPieces;
  return name == "grams" ? Units::kGrams : Units::kCharacters;
}

}  // namespace schatten
#endif
