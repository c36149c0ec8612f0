// Words spelled in units, as a trie whose nodes know the best score of a word at or below them.
#ifndef SCHATTEN_ENGINE_LEXICON_H
#define SCHATTEN_ENGINE_LEXICON_H

#include <stdint.h>

#include <functional>
#include <string>
#include <vector>

namespace schatten {

class Grams;

// With grams, a node is a place in a trie of letters together with the gram that ends there: so many ways lead to a word as
// it has segmentations. The nodes of one place have their children in common.
class Lexicon {
 public:
  // Children lie side by side. Node 0 is the root.
  struct Node {
    int first_child, first_word;
    float best;  // score of the best word spelled here or below
    uint16_t unit;  // that leads here
    uint16_t children, words;
  };

  // Reads `WORD TAB UNIT UNIT ...` lines, of which an equal one counts once; `score` gives a word's score without context,
  // and is asked once for each word, in their order. Throws Error for a file of more than 1 GiB, a spelling of more than 500
  // letters, and more than 2000 words of one spelling. A gram in a spelling stands for its letters.
  Lexicon(const std::string &path, const std::vector<std::string> &units, const Grams &grams,
          const std::function<float(const std::string &)> &score);

  const Node &node(int index) const { return nodes_[static_cast<size_t>(index)]; }
  int node_count() const { return static_cast<int>(nodes_.size()); }
  int children_end(int index) const { return node(index).first_child + node(index).children; }
  int words_end(int index) const { return node(index).first_word + node(index).words; }
  // The most children that a node has, and the most words that are spelled alike.
  size_t most_children() const { return most_children_; }
  size_t most_words() const { return most_words_; }
  // The most words that differ in their last unit alone, or not at all.
  size_t most_endings() const { return most_endings_; }
  int word_at(int index) const { return node_words_[static_cast<size_t>(index)]; }

  int word_count() const { return static_cast<int>(word_starts_.size()) - 1; }
  const char *letters(int word) const { return letters_.data() + word_starts_[static_cast<size_t>(word)]; }
  size_t length(int word) const {
    return word_starts_[static_cast<size_t>(word) + 1] - word_starts_[static_cast<size_t>(word)];
  }
  std::string word(int index) const { return {letters(index), length(index)}; }

 private:
  struct Spellings;
  Spellings read(const std::string &path, const std::vector<std::string> &units, const Grams &grams);
  void grow(const Spellings &spellings, const std::string &path);
  void weigh(const std::function<float(const std::string &)> &score);
  void add_grams(const Grams &grams);

  std::vector<Node> nodes_;
  std::vector<int> node_words_;
  std::string letters_;  // of all words, one after the other
  std::vector<size_t> word_starts_;
  size_t most_children_ = 0, most_words_ = 0, most_endings_ = 0;
};

}  // namespace schatten
#endif
