// Words and phrases that one stream has beside those of its lexicon, as a trie of their own: the lexicon is shared, and
// stays what it is. schatten.h describes the lines that name them.
#ifndef SCHATTEN_ENGINE_STREAM_WORDS_H
#define SCHATTEN_ENGINE_STREAM_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include <string>
#include <vector>

#include "grams.h"
#include "lexicon.h"
#include "ngrams.h"
#include "units.h"

namespace schatten {

class StreamWords {
 public:
  // A word of the lexicon that is named here is spelled here too, and its boost counts here alone: the search leaves the
  // lexicon's own out (`replaces`).
  //
  // Where a phrase goes on, the word before it leads to a node of another kind, at which the next word begins as others do
  // at the root. The words of a phrase are found one by one too. So the way through the phrase counts e^boost - 1 times
  // what they count, and both together e^boost.
  struct Node {
    int first_child, children_end, first_ending, endings_end;
    int unit;       // that leads here, or with which a path at the beginning of a word goes on by repeating it
    bool is_start;  // the next word of a phrase begins here
    double best;    // natural log of what counts here for the likeliest word or phrase below; 0 in the root
    double factor;  // e^(best - the best of the node above)
  };
  // A word that ends at a node.
  struct Ending {
    int word;
    lm::WordIndex index;  // of the language model
    float extra;          // added to its score, natural log
    int next;             // node where its phrase goes on; 0: the root
    double counted;       // boost of the word and of its phrase, natural log
    double share;         // 1 - e^-boost where a phrase ends, 1 elsewhere
  };

  // Reads the lines of a words file. `weight`: of the language model. `ahead`: as much of a boost counts inside of a word or a
  // phrase, the rest at its end; natural log. Throws Error with a sentence that names the line where one is at fault.
  StreamWords(const std::string &lines, const Units &units, const Grams &grams, const Lexicon &lexicon, const Ngrams &ngrams,
              double weight, double ahead);

  // Node 0 is the root.
  const Node &node(int index) const { return nodes_[static_cast<size_t>(index)]; }
  const Ending &ending(int index) const { return endings_[static_cast<size_t>(index)]; }
  // The most children that a node has, and the most words that a path may end in a frame.
  size_t most_children() const { return most_children_; }
  size_t most_endings() const { return most_endings_; }
  // Whether a word of the lexicon is spelled and boosted here instead.
  bool replaces(int word) const { return replaced_[static_cast<size_t>(word)]; }
  // The letters of a word that the lexicon lacks: those are numbered from the lexicon's count on.
  const std::string &letters(int word) const { return new_words_[static_cast<size_t>(word - first_new_)]; }

 private:
  struct Word;
  struct Line;
  class Reader;
  class Trie;

  std::vector<Node> nodes_;
  std::vector<Ending> endings_;
  std::vector<bool> replaced_;
  std::vector<std::string> new_words_;
  int first_new_;
  size_t most_children_ = 0, most_endings_ = 0;
};

}  // namespace schatten
#endif
