// The text of a path, with its words' times.
#ifndef SCHATTEN_ENGINE_TRANSCRIPT_H
#define SCHATTEN_ENGINE_TRANSCRIPT_H

#include <limits.h>
#include <stdint.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "decoder.h"
#include "history.h"
#include "lexicon.h"
#include "paths.h"
#include "schatten.h"
#include "stream_words.h"

namespace schatten {

// Words that are shown already, and are still right, stay: what it costs to show a path depends on what changed.
class Transcript {
 public:
  // own: words of the stream, or NULL. is_parted: a separator parts words.
  Transcript(const Lexicon &lexicon, const StreamWords *own, const History &history, bool is_parted, double seconds_per_frame)
      : lexicon_(lexicon), own_(own), history_(history), is_parted_(is_parted), seconds_per_frame_(seconds_per_frame) {
    text_.reserve(kExpectedLetters);
    words_.reserve(kExpectedWords);
    shown_.reserve(kExpectedWords);
    added_.reserve(kExpectedWords);
  }

  const std::string &text() const { return text_; }
  const std::vector<schatten_word> &words() const { return words_; }

  std::string_view letters_of(int word) const {
    if (word >= lexicon_.word_count()) return own_->letters(word);
    return {lexicon_.letters(word), lexicon_.length(word)};
  }

  // Says how sure each word that is shown is.
  void set_confidences(const std::vector<double> &confidences) {
    for (size_t i = 0; i < words_.size() && i < confidences.size(); ++i) words_[i].confidence = confidences[i];
  }

  // Empties it; frame 0 is then at `start` seconds.
  void clear(double start) {
    start_ = start;
    text_.clear();
    words_.clear();
    shown_.clear();
  }

  // Says that the times of an entry have changed.
  void outdate(const History::Entry &entry) {
    const size_t place = static_cast<size_t>(entry.words);
    if (place <= shown_.size() && shown_[place - 1].serial == entry.serial) shown_.resize(place - 1);
  }

  // Shows the words of a path's history, and a word after it, if there is one (-1: none), that the path spells. is_in_word:
  // the path has begun a word, so that its frames are of that.
  void show(const Path &path, bool is_in_word, int word_after) {
    const int last_kept = find_new(path, is_in_word);
    shown_.resize(static_cast<size_t>(history_[last_kept].words));
    words_.resize(shown_.size());
    text_.resize(words_.empty() ? 0 : static_cast<size_t>(words_.back().offset + words_.back().length));
    for (auto word = added_.rbegin(); word != added_.rend(); ++word) {
      append(word->word, word->first_frame, word->last_frame);
      shown_.push_back(*word);
    }
    if (word_after >= 0) append(word_after, path.first_frame, path.last_frame);
  }

 private:
  // A minute of fast speech: more is allocated only beyond that.
  static constexpr size_t kExpectedLetters = 2400, kExpectedWords = 400;

  // A word of the history in the text.
  struct Shown {
    uint64_t serial;  // of the entry
    int word, first_frame, last_frame;

    bool operator==(const Shown &other) const {
      return serial == other.serial && first_frame == other.first_frame && last_frame == other.last_frame;
    }
  };

  // Collects the words that are not shown yet, the last one first; returns the entry before them.
  int find_new(const Path &path, bool is_in_word) {
    added_.clear();
    int next_frame = is_in_word ? path.first_frame : INT_MAX, at = path.history;
    for (; at > 0; at = history_[at].before) {
      const History::Entry &entry = history_[at];
      const bool is_left = is_parted_ || is_in_word || at != path.history;
      Shown word{entry.serial, entry.word, is_left ? entry.first_frame : path.first_frame,
                 is_left ? entry.last_frame : path.last_frame};
      // Its times are those of the likeliest path that ended it; this one may have gone on to the next word sooner.
      word.first_frame = std::max(0, std::min(word.first_frame, next_frame - 1));
      word.last_frame = std::max(word.first_frame, std::min(word.last_frame, next_frame - 1));
      const size_t place = static_cast<size_t>(entry.words);
      if (place <= shown_.size() && shown_[place - 1] == word) break;  // then all words before are the same too
      added_.push_back(word);
      next_frame = word.first_frame;
    }
    return at;
  }

  void append(int word, int first_frame, int last_frame) {
    if (!text_.empty()) text_ += ' ';
    const std::string_view letters = letters_of(word);
    words_.push_back({static_cast<int>(text_.size()), static_cast<int>(letters.size()), start_ + first_frame * seconds_per_frame_,
                      start_ + (last_frame + 1) * seconds_per_frame_, kNoConfidence});
    text_.append(letters);
  }

  const Lexicon &lexicon_;
  const StreamWords *const own_;
  const History &history_;
  const bool is_parted_;
  const double seconds_per_frame_;
  double start_ = 0;
  std::string text_;
  std::vector<schatten_word> words_;
  std::vector<Shown> shown_, added_;  // the history's words in the text; those that are new, the last one first
};

}  // namespace schatten
#endif
