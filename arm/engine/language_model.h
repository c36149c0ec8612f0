// A language model with its lexicon, for the search.
#ifndef SCHATTEN_ENGINE_LANGUAGE_MODEL_H
#define SCHATTEN_ENGINE_LANGUAGE_MODEL_H

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "decoder.h"
#include "failure.h"
#include "grams.h"
#include "lexicon.h"
#include "ngrams.h"
#include "units.h"

namespace schatten {

class LanguageModel : public schatten_lm {
 public:
  LanguageModel(const schatten_lm_files &files, const Units &units)
      : ngrams_(files.binary), units_(units), grams_(units), separator_(units.separator) {
    require(separator_ || units.kind != Units::kCharacters,
            "the model has no unit between words: a lexicon cannot be used");
    const std::unique_ptr<const Ngrams> first_pass(files.look_ahead ? new Ngrams(files.look_ahead) : nullptr);
    int ahead = 0;  // words that the first pass knows
    lexicon_ = std::make_unique<Lexicon>(files.lexicon, units.names, grams_, [&](const std::string &word) {
      indices_.push_back(ngrams_.index(word));
      known_words_ += indices_.back() != ngrams_.unknown();
      if (!first_pass) return ngrams_.unigram(indices_.back());
      const lm::WordIndex index = first_pass->index(word);
      ahead += index != first_pass->unknown();
      return first_pass->unigram(index);
    });
    require_common(known_words_, files.binary, files.lexicon);
    if (first_pass) require_common(ahead, files.look_ahead, files.lexicon);
  }

  std::unique_ptr<Decoder> decoder(const schatten_options &options, const Units &units,
                                   double seconds_per_frame, const std::string *words) const override;

  schatten_vocabulary vocabulary() const override { return {lexicon_->word_count(), known_words_}; }

  const Ngrams &ngrams() const { return ngrams_; }
  const Lexicon &lexicon() const { return *lexicon_; }
  const Grams &grams() const { return grams_; }
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

  void require_common(int known, const char *model, const char *lexicon) const {
    require(known > 0, std::string(model) + " and " + lexicon + " do not belong together: the language model has no word of " +
                           "the lexicon, such as `" + lexicon_->word(0) + "`; make both of one text, in one case");
  }

  Ngrams ngrams_;
  const Units units_;    // of the model that it was opened for
  const Grams grams_;
  const int separator_;  // 0: none
  std::unique_ptr<Lexicon> lexicon_;
  std::vector<lm::WordIndex> indices_;  // of the lexicon's words in the language model
  int known_words_ = 0;                 // of the lexicon, by the language model
};

}  // namespace schatten
#endif
