#include "ngrams.h"

#include <string.h>

#include <algorithm>
#include <fstream>

#include "failure.h"

namespace schatten {

namespace {

constexpr float kNatural = 2.30258509f;  // KenLM gives decimal logs

constexpr size_t kLongestReason = 200;

// KenLM's message without the source line that it begins with.
std::string reason_of(const std::string &said) {
  const size_t end = said.find(" threw ") == std::string::npos ? std::string::npos : said.find('\n');
  std::string reason = end == std::string::npos || end + 1 == said.size() ? said : said.substr(end + 1);
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  return reason.substr(0, kLongestReason);
}

// Whether a file begins as those of gzip, bzip2 or xz do.
bool is_packed(const std::string &path) {
  char start[6] = "";
  std::ifstream(path, std::ios::binary).read(start, sizeof start);
  return memcmp(start, "\x1F\x8B", 2) == 0 || memcmp(start, "BZh", 3) == 0 || memcmp(start, "\xFD" "7zXZ", 6) == 0;
}

}  // namespace

Ngrams::Ngrams(const std::string &path) {
  require(!is_packed(path), path + " is compressed: unpack it, or store it with `schatten lm binarise`");
  lm::ngram::Config config;
  config.messages = nullptr;
  config.show_progress = false;
  config.load_method = util::LAZY;  // pages of a binary are read as they are needed
  try {
    model_.reset(lm::ngram::LoadVirtual(path.c_str(), config));
  } catch (const std::exception &error) {
    throw Error(path + " is no KenLM language model that can be read (" + reason_of(error.what()) +
                "): make it with `schatten lm build`");
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

float Ngrams::unigram(lm::WordIndex word) const {
  State nothing, after;
  memset(&nothing, 0, sizeof nothing);
  model_->NullContextWrite(&nothing);
  return score(nothing, word, after);
}

float Ngrams::end(const State &state) const {
  State after;
  return score(state, model_->BaseVocabulary().EndSentence(), after);
}

}  // namespace schatten
