// One stream: samples to features to log-probabilities to words, with endpoints.
#ifndef SCHATTEN_ENGINE_STREAM_H
#define SCHATTEN_ENGINE_STREAM_H

#include <memory>
#include <string>
#include <vector>

#include "decoder.h"
#include "evidence.h"
#include "gate.h"
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
  size_t alternative_count() const { return is_weak() ? 0 : alternative_count_; }
  const Alternative &alternative(size_t index) const { return alternatives_[index]; }

  bool ended() const { return ended_; }
  const std::string &text() const;
  const std::vector<schatten_word> &words() const;
  double score() const;
  double evidence() const { return decoder_ ? evidence_.value(decoder_->fit()) : evidence_.value(); }
  schatten_statistics statistics() const;
  schatten_acoustic_parts acoustic_parts() const;
  double asleep_seconds() const { return static_cast<double>(frames_slept_) * model_.seconds_per_frame(); }

 private:
  // Takes samples, of which each times `scale` is in the range of 16 bits.
  template <class Sample>
  size_t take(const Sample *samples, size_t count, float scale);
  void take_frame(bool is_padded);
  void listen(const float *window);
  void rest();
  void compute(const float *window);
  void decode(const float *logprobs);
  void refresh();
  void note_alternatives();
  // What was heard before says nothing of what comes.
  void begin_evidence() { evidence_.reset(decoder_ ? decoder_->fit() : 0); }
  // Whether the text is kept back.
  bool is_weak() const { return options_.gate_evidence > 0 && evidence() < options_.gate_evidence; }
  double start() const;
  bool at_endpoint() const;
  bool is_idle() const;
  double decoder_silence() const;

  const Model &model_;
  const schatten_options options_;
  Network network_;
  Gate gate_;
  Greedy greedy_;
  Evidence evidence_;
  std::unique_ptr<Decoder> decoder_;  // with a language model
  std::vector<Alternative> alternatives_;  // with memory for the most that may be
  size_t alternative_count_ = 0;
  Features::Workspace workspace_;
  std::vector<float> window_;  // samples of the next window so far, in the range of 16 bits
  size_t filled_ = 0;
  std::vector<float> features_, normalised_;
  int64_t samples_ = 0, frames_ = 0;  // of the utterance
  int64_t samples_before_ = 0;
  int64_t frames_slept_ = 0;  // output frames that were not computed, since the stream was opened
  bool ended_ = false, at_end_of_sound_ = false;
  double feature_seconds_ = 0, network_seconds_ = 0, decoder_seconds_ = 0;
};

}  // namespace schatten
#endif
