// A KenLM model, with scores in natural logs.
#ifndef SCHATTEN_ENGINE_NGRAMS_H
#define SCHATTEN_ENGINE_NGRAMS_H

#include <stdint.h>

#include <memory>
#include <string>

#include "lm/model.hh"

namespace schatten {

using State = lm::ngram::State;

class Ngrams {
 public:
  // Opens a binary or an ARPA file; throws Error.
  explicit Ngrams(const std::string &path);

  // That of the unknown word where the model does not know a word.
  lm::WordIndex index(const std::string &word) const { return model_->BaseVocabulary().Index(word); }
  lm::WordIndex unknown() const { return model_->BaseVocabulary().NotFound(); }
  State start() const;
  // log P(word | state), and the state after the word.
  float score(const State &state, lm::WordIndex word, State &after) const;
  // log P(word) without context.
  float unigram(lm::WordIndex word) const;
  // log P(end of sentence | state).
  float end(const State &state) const;

 private:
  std::unique_ptr<lm::base::Model> model_;
};

}  // namespace schatten
#endif
