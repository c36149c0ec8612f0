// The words of CTC's best path, frame by frame: repeated units are one, blanks are none. The separator ends a word; pieces
// begin one by their name; of other units without a separator each is shown as a word.
#ifndef SCHATTEN_ENGINE_GREEDY_H
#define SCHATTEN_ENGINE_GREEDY_H

#include <string>
#include <vector>

#include "schatten.h"
#include "units.h"

namespace schatten {

class Greedy {
 public:
  Greedy(const Units &units, double seconds_per_frame);

  // Takes a frame of log-probabilities.
  void push(const float *logprobs);
  // Takes a frame in which nothing is said.
  void rest();
  // Forgets the utterance; the next frame is at `start` seconds.
  void reset(double start);
  // Forgets text and words; time goes on.
  void forget();

  const std::string &text() const { return text_; }
  const std::vector<schatten_word> &words() const { return words_; }
  // Since the last letter or other unit, or since the start; in seconds.
  double silence() const { return static_cast<double>(frames_ - last_letter_) * seconds_per_frame_; }

 private:
  void add(const std::string &unit, double from);

  const Units &units_;
  const double seconds_per_frame_;
  double start_ = 0;
  long frames_ = 0, last_letter_ = 0;
  size_t previous_ = 0;
  bool in_word_ = false;
  std::string text_;
  std::vector<schatten_word> words_;
};

}  // namespace schatten
#endif
