// A language model with its lexicon, for the search.
#ifndef SCHATTEN_ENGINE_LANGUAGE_MODEL_H
#define SCHATTEN_ENGINE_LANGUAGE_MODEL_H

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "decoder.h"
#include "failure.h"
#include "lexicon.h"
#include "ngrams.h"
#include "units.h"

namespace schatten {

class LanguageModel : public schatten_lm {
 public:
  LanguageModel(const schatten_lm_files &files, const Units &units)
      : ngrams_(files.binary), units_(units), separator_(units.separator) {
    require(separator_ || units.kind != Units::kCharacters,
            "the model has no unit between words: a lexicon cannot be used");
    if (files.look_ahead) {
      const Ngrams first_pass(files.look_ahead);
      load(files.lexicon, units.names, first_pass);
    } else {
      load(files.lexicon, units.names, ngrams_);
    }
  }

  std::unique_ptr<Decoder> decoder(const schatten_options &options, const Units &units,
                                   double seconds_per_frame) const override;

  const Ngrams &ngrams() const { return ngrams_; }
  const Lexicon &lexicon() const { return *lexicon_; }
  // How many words a path may end in a frame, and how many paths it may become where so many units are tried: no more, but
  // where more words than kMostAlike are spelled alike, or than kMostEndings but for their last unit.
  size_t endings() const {
    return separator_ ? std::min(lexicon_->most_words(), kMostAlike) : std::min(lexicon_->most_endings(), kMostEndings);
  }
  size_t successors(size_t units) const { return 1 + std::min(units, lexicon_->most_children()) + endings(); }
  lm::WordIndex index(int word) const { return indices_[static_cast<size_t>(word)]; }
  int separator() const { return separator_; }
  int units() const { return static_cast<int>(units_.names.size()); }

 private:
  // Words of one spelling, and words that differ in their last unit at most, for which memory is there from the start.
  static constexpr size_t kMostAlike = 32, kMostEndings = 64;

  void load(const std::string &path, const std::vector<std::string> &units, const Ngrams &unigrams) {
    lexicon_ = std::make_unique<Lexicon>(path, units, [&](const std::string &word) { return unigrams.unigram(word); });
    for (int word = 0; word < lexicon_->word_count(); ++word) indices_.push_back(ngrams_.index(lexicon_->word(word)));
  }

  Ngrams ngrams_;
  const Units units_;    // of the model that it was opened for
  const int separator_;  // 0: none
  std::unique_ptr<Lexicon> lexicon_;
  std::vector<lm::WordIndex> indices_;  // of the lexicon's words in the language model
};

}  // namespace schatten
#endif
