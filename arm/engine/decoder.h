// What turns log-probabilities into words with a language model.
#ifndef SCHATTEN_ENGINE_DECODER_H
#define SCHATTEN_ENGINE_DECODER_H

#include <memory>
#include <string>
#include <vector>

#include "schatten.h"
#include "units.h"

namespace schatten {

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Takes a frame of log-probabilities.
  virtual void push(const float *logprobs) = 0;
  // Ends the last word, and weighs the end of the sentence.
  virtual void finish() = 0;
  // Brings text and words up to the best path so far.
  virtual void refresh() = 0;
  // Forgets the utterance; the next frame is at `start` seconds.
  virtual void reset(double start) = 0;
  // Of the text, after finish(): natural log.
  virtual double score() const = 0;

  const std::string &text() const { return text_; }
  const std::vector<schatten_word> &words() const { return words_; }

 protected:
  std::string text_;
  std::vector<schatten_word> words_;
};

}  // namespace schatten

// A language model with its lexicon, shared by streams.
struct schatten_lm {
  virtual ~schatten_lm() = default;
  virtual std::unique_ptr<schatten::Decoder> decoder(const schatten_options &options, double seconds_per_frame) const = 0;
};

namespace schatten {

// Loads a language model whose lexicon spells with `units`; throws Error.
std::unique_ptr<schatten_lm> open_language_model(const schatten_lm_files &files, const Units &units);

}  // namespace schatten
#endif
