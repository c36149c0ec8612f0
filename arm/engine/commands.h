// Commands of a grammar: the sentence that is nearest to the words that were heard, and its slots.
#ifndef SCHATTEN_ENGINE_COMMANDS_H
#define SCHATTEN_ENGINE_COMMANDS_H

#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace schatten {

// A network of words that `schatten bundle` writes from a grammar. Arcs lead from lower states to higher ones. The search is
// that of schatten.grammar.slots, with the same choice among equals.
class Commands {
 public:
  // Reads lines of `w FROM TO WORD`, `e FROM TO`, `b FROM TO SLOT` and `x FROM TO SLOT`, parted by tabs, below a line
  // `schatten-commands 1 STATES FINAL ARTICLES`. Throws Error.
  explicit Commands(const std::string &path);

  // The command as JSON: {"text": ..., "slots": {...}, "edits": N}; null for more words than a command can have, and where
  // every command is too long for its edits to be counted.
  std::string json(const std::string &words) const;

 private:
  enum class Kind { kWord, kEmpty, kBegin, kEnd };
  struct Arc {
    int to;
    int text;  // in texts_; -1 for an arc without
    Kind kind;
  };
  // The last step of a way through the network.
  struct Step {
    int before, text;
    Kind kind;
  };
  struct Column {
    std::vector<int> edits, steps;
  };

  int text(std::string_view of);
  bool leads_to_final() const;
  Column first(std::vector<Step> *steps) const;
  Column next(const Column &column, int word, std::vector<Step> *steps) const;
  void spread(Column *column, std::vector<Step> *steps) const;
  std::string written(int step, int edits, const std::vector<Step> &steps) const;
  // What a word counts as: with English articles `an` is `a`.
  int plain(int text) const { return text == an_ && a_ >= 0 ? a_ : text; }

  std::vector<std::vector<Arc>> words_, empty_;  // by state
  std::vector<std::string> texts_;
  std::unordered_map<std::string, int> numbers_;  // places in texts_
  int final_ = 0, a_ = -1, an_ = -1;
};

}  // namespace schatten
#endif
