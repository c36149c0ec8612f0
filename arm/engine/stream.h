// One stream: samples to features to log-probabilities to words, with endpoints.
#ifndef SCHATTEN_ENGINE_STREAM_H
#define SCHATTEN_ENGINE_STREAM_H

#include <memory>
#include <string>
#include <vector>

#include "decoder.h"
#include "greedy.h"
#include "model.h"
#include "network.h"
#include "schatten.h"

namespace schatten {

class Stream {
 public:
  Stream(const Model &model, const schatten_options &options);

  // Takes samples in -32768..32767, or in -1..1; throws Error for one that is no number or of another scale.
  size_t accept(const int16_t *samples, size_t count);
  size_t accept(const float *samples, size_t count);
  void finish();
  void restart();
  // Ends the utterance without text, after accept() or finish() threw. Allocates nothing.
  void give_up();

  // Gives it the words of its own that the lines of a words file name; NULL: none. Throws Error.
  void set_words(const char *lines, size_t length);

  // A text of the utterance.
  struct Alternative {
    std::string text;
    double score, posterior;
  };
  // The best texts after finish(), the first of them text().
  size_t alternative_count() const { return alternative_count_; }
  const Alternative &alternative(size_t index) const { return alternatives_[index]; }

  bool ended() const { return ended_; }
  const std::string &text() const { return decoder_ ? decoder_->text() : greedy_.text(); }
  const std::vector<schatten_word> &words() const { return decoder_ ? decoder_->words() : greedy_.words(); }
  double score() const { return decoder_ ? decoder_->score() : 0; }
  schatten_statistics statistics() const;

 private:
  // Takes samples, of which each times `scale` is in the range of 16 bits.
  template <class Sample>
  size_t take(const Sample *samples, size_t count, float scale);
  void compute_frame();
  void decode(const float *logprobs);
  void refresh();
  void note_alternatives();
  double start() const;
  bool at_endpoint() const;
  bool is_idle() const;
  double decoder_silence() const;

  const Model &model_;
  const schatten_options options_;
  Network network_;
  Greedy greedy_;
  std::unique_ptr<Decoder> decoder_;  // with a language model
  std::vector<Alternative> alternatives_;  // with memory for the most that may be
  size_t alternative_count_ = 0;
  Features::Workspace workspace_;
  std::vector<float> window_;  // samples of the next window so far, in the range of 16 bits
  size_t filled_ = 0;
  std::vector<float> features_, normalised_;
  int64_t samples_ = 0, frames_ = 0;  // of the utterance
  int64_t samples_before_ = 0;
  bool ended_ = false;
  double feature_seconds_ = 0, network_seconds_ = 0, decoder_seconds_ = 0;
};

}  // namespace schatten
#endif
