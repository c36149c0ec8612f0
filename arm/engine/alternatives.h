// The best texts of an utterance, and how sure each word of the best one is: what a search found at its end, and the
// histories that lost to those on the way (history.h).
#ifndef SCHATTEN_ENGINE_ALTERNATIVES_H
#define SCHATTEN_ENGINE_ALTERNATIVES_H

#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "history.h"

namespace schatten {

class Alternatives {
 public:
  // An end of the search.
  struct End {
    double weight;  // natural log
    int history;
  };
  struct Text {
    double weight, posterior;
    size_t begin, end;  // its words, in words()
  };

  // Has memory for the texts of `ends` ends; for none where it is 0.
  explicit Alternatives(size_t ends);

  void clear();
  void add_end(const End &end) { ends_.push_back(end); }
  // Collects the best texts, distinct ones, the best first: that of `best`, the likeliest of the ends.
  void collect(const History &history, const End &best);
  // Gives each text its posterior, in which weights count 1 / temperature times, and each word of the first its confidence:
  // the posteriors of the texts that have it, aligned with the first by least edits.
  void weigh(double temperature);

  const std::vector<Text> &texts() const { return texts_; }
  const std::vector<int> &words() const { return words_; }
  const std::vector<double> &confidences() const { return confidences_; }

 private:
  // The end of a text: what comes before is still to be chosen.
  struct Part {
    double weight;
    uint64_t hash;  // of its words
    int before;     // history that is still to be chosen, or one that lost to it; 0: the text is whole
    int chosen;     // history whose last word is this part's first; -1: none
    int after;      // the part that it is longer than by that word
    int next_frame;  // in which the word after `before` begins
  };

  void push(const Part &part);
  void expand(const History &history, int at);
  void add_text(const History &history, int at);
  void align(const Text &text);
  void align_block(const int *best, size_t best_count, const int *other, size_t other_count, char *is_same);

  std::vector<End> ends_;
  std::vector<Part> parts_;
  std::vector<int> queue_;  // parts by weight, a heap
  std::vector<uint64_t> hashes_;
  std::vector<Text> texts_;
  std::vector<int> words_;
  std::vector<char> same_;  // of each text, for each word of the first, whether it has that
  std::vector<double> confidences_;
};

}  // namespace schatten
#endif
