#include "ngrams.h"

#include <string.h>

#include "failure.h"

namespace schatten {

namespace {

constexpr float kNatural = 2.30258509f;  // KenLM gives decimal logs

}  // namespace

Ngrams::Ngrams(const std::string &path) {
  lm::ngram::Config config;
  config.messages = nullptr;
  config.show_progress = false;
  config.load_method = util::LAZY;  // pages of a binary are read as they are needed
  try {
    model_.reset(lm::ngram::LoadVirtual(path.c_str(), config));
  } catch (const std::exception &) {
    throw Error(path + " is no KenLM language model that can be read: make it with `schatten lm build`");
  }
  require(model_->StateSize() == sizeof(State), path + " is of another kind than an n-gram model");
}

State Ngrams::start() const {
  State state;
  memset(&state, 0, sizeof state);
  model_->BeginSentenceWrite(&state);
  return state;
}

float Ngrams::score(const State &state, lm::WordIndex word, State &after) const {
  memset(&after, 0, sizeof after);
  return kNatural * model_->BaseScore(&state, word, &after);
}

float Ngrams::unigram(const std::string &word) const {
  State nothing, after;
  memset(&nothing, 0, sizeof nothing);
  model_->NullContextWrite(&nothing);
  return score(nothing, index(word), after);
}

float Ngrams::end(const State &state) const {
  State after;
  return score(state, model_->BaseVocabulary().EndSentence(), after);
}

}  // namespace schatten
