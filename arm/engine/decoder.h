// What turns log-probabilities into words with a language model.
#ifndef SCHATTEN_ENGINE_DECODER_H
#define SCHATTEN_ENGINE_DECODER_H

#include <memory>
#include <string>
#include <vector>

#include "schatten.h"
#include "units.h"

namespace schatten {

constexpr int kMostAlternatives = 100;
constexpr double kNoConfidence = -1;  // of a word of which it is not known

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Takes a frame of log-probabilities.
  virtual void push(const float *logprobs) = 0;
  // Takes a frame in which nothing is said: a blank that is sure.
  virtual void rest() = 0;
  // Ends the last word, and weighs the end of the sentence.
  virtual void finish() = 0;
  // Brings text and words up to the best path so far.
  virtual void refresh() = 0;
  // Forgets the utterance; the next frame is at `start` seconds.
  virtual void reset(double start) = 0;
  // Whether the best path so far has begun a word, and how many frames ago its last unit was; where it has not, how many
  // frames there were since the start or since forget().
  virtual bool has_begun() const = 0;
  virtual int64_t silent_frames() const = 0;
  // Whether all other paths together are less likely than the best one by a factor of a hundred.
  virtual bool is_sure() const = 0;
  // Drops all paths but the best.
  virtual void forget() = 0;
  // Of the text, after finish(): natural log.
  virtual double score() const = 0;
  // The same of the best path so far, with the same bits on every CPU.
  virtual double fit() const = 0;

  // The best distinct texts after finish(), of which the first is text(): how many there are, up to options.alternatives, and
  // each one's score, posterior and text.
  struct Scored {
    double score, posterior;
  };
  virtual size_t alternatives() const = 0;
  virtual Scored alternative(size_t index) const = 0;
  virtual void write_alternative(size_t index, std::string *text) const = 0;
  // Gives them and the words other posteriors, after finish().
  virtual void weigh(double temperature) = 0;

  // The words of the last refresh() or finish().
  virtual const std::string &text() const = 0;
  virtual const std::vector<schatten_word> &words() const = 0;
};

}  // namespace schatten

// A language model with its lexicon, shared by streams.
struct schatten_lm {
  virtual ~schatten_lm() = default;
  // For streams of a model of those units; throws Error where its lexicon spells with others. `words`: the lines of a words
  // file, or NULL; throws Error with a sentence for a file that cannot be used.
  virtual std::unique_ptr<schatten::Decoder> decoder(const schatten_options &options, const schatten::Units &units,
                                                     double seconds_per_frame, const std::string *words) const = 0;
  virtual schatten_vocabulary vocabulary() const = 0;
};

namespace schatten {

// Loads a language model whose lexicon spells with `units`; throws Error.
std::unique_ptr<schatten_lm> open_language_model(const schatten_lm_files &files, const Units &units);

}  // namespace schatten
#endif
