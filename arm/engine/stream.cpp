#include "stream.h"

#include <math.h>

#include <algorithm>

#include "clock.h"
#include "options.h"

namespace schatten {

namespace {

constexpr double kLongestWait = 3;  // times the silence that ends an utterance
constexpr float kLoudest = 16;      // of samples in -1..1: 24 dB are an overdriven recording, more is another scale
// The best path must have been silent for so long before a stream sleeps: letters may come after the sound of a word.
constexpr double kSilenceToSleep = 0.3;
constexpr size_t kExpectedLetters = 2400;  // of a text, as in transcript.h
constexpr size_t kMostBytes = size_t{1} << 24;  // of a words file

}  // namespace

Stream::Stream(const Model &model, const schatten_options &options)
    : model_(model),
      options_(checked(options)),
      network_(model, options.batch_frames, [this](const float *logprobs) { decode(logprobs); }),
      gate_(model, options.gate_decibels),
      greedy_(model.units(), model.seconds_per_frame()),
      evidence_(model.units()),
      decoder_(options.lm ? options.lm->decoder(options, model.units(), model.seconds_per_frame(), nullptr) : nullptr),
      alternatives_(static_cast<size_t>(options.alternatives)),
      workspace_(model.features().workspace()),
      window_(static_cast<size_t>(model.features().window())),
      features_(static_cast<size_t>(model.features().bins())),
      normalised_(features_.size()) {
  for (Alternative &one : alternatives_) one.text.reserve(kExpectedLetters);
}

void Stream::set_words(const char *lines, size_t length) {
  require(options_.lm != nullptr, "words of a stream need a language model and its lexicon");
  require(!ended_ && samples_ == 0, "words can be given before the first sound of an utterance alone");
  require(length <= kMostBytes, "it has more than 16 MiB: keep the words that are needed");
  const std::string words = lines ? std::string(lines, length) : "";
  decoder_ = options_.lm->decoder(options_, model_.units(), model_.seconds_per_frame(), lines ? &words : nullptr);
  decoder_->reset(start());
  begin_evidence();
}

size_t Stream::accept(const int16_t *samples, size_t count) { return take(samples, count, 1); }

size_t Stream::accept(const float *samples, size_t count) {
  // NaN fails the comparison.
  const bool all = std::all_of(samples, samples + count, [](float sample) { return fabsf(sample) <= kLoudest; });
  require(all, "a sample is no number, or far beyond -1..1: divide samples that are 16-bit numbers by 32768");
  return take(samples, count, 32768);
}

template <class Sample>
size_t Stream::take(const Sample *samples, size_t count, float scale) {
  size_t used = 0;
  bool is_new = false;  // whether there may be other text than before
  while (used < count && !ended_) {
    const size_t taken = std::min(count - used, window_.size() - filled_);
    // Both products are exact, so that the same sound gives the same bits.
    std::transform(samples + used, samples + used + taken, window_.begin() + static_cast<ptrdiff_t>(filled_),
                   [=](Sample sample) { return scale * static_cast<float>(sample); });
    used += taken;
    filled_ += taken;
    samples_ += static_cast<int64_t>(taken);
    if (filled_ < window_.size()) break;
    take_frame(false);
    is_new = true;
    if (at_endpoint()) {
      finish();
      at_end_of_sound_ = false;
    } else if (is_idle()) {
      decoder_->forget();
      greedy_.forget();
      begin_evidence();
    }
  }
  if (decoder_ && is_new && !ended_) refresh();
  return used;
}

void Stream::refresh() {
  const double start = now();
  decoder_->refresh();
  const double seconds = now() - start;
  // The statistics take the decoder's time off the network's, in which it runs otherwise.
  decoder_seconds_ += seconds;
  network_seconds_ += seconds;
}

void Stream::finish() {
  if (ended_) return;
  const int shift = model_.features().shift();
  const int64_t total = (samples_ + shift / 2) / shift;
  while (frames_ < total) {
    std::fill(window_.begin() + static_cast<ptrdiff_t>(filled_), window_.end(), 0.0f);
    take_frame(true);
  }
  gate_.forget_held();  // quiet windows before the end are no word's beginning
  at_end_of_sound_ = true;
  const double start = now();
  network_.finish();
  const double between = now();
  network_seconds_ += between - start;
  if (decoder_) decoder_->finish(), note_alternatives();
  decoder_seconds_ += now() - between;
  network_seconds_ += now() - between;
  ended_ = true;
}

void Stream::note_alternatives() {
  alternative_count_ = decoder_->alternatives();
  for (size_t i = 0; i < alternative_count_; ++i) {
    const Decoder::Scored found = decoder_->alternative(i);
    alternatives_[i].score = found.score;
    alternatives_[i].posterior = found.posterior;
    decoder_->write_alternative(i, &alternatives_[i].text);
  }
}

const std::string &Stream::text() const {
  static const std::string kNone;
  return is_weak() ? kNone : decoder_ ? decoder_->text() : greedy_.text();
}

const std::vector<schatten_word> &Stream::words() const {
  static const std::vector<schatten_word> kNone;
  return is_weak() ? kNone : decoder_ ? decoder_->words() : greedy_.words();
}

double Stream::score() const { return !decoder_ ? 0 : is_weak() ? -HUGE_VAL : decoder_->score(); }

double Stream::start() const { return static_cast<double>(samples_before_) / model_.features().sample_rate(); }

void Stream::restart() {
  samples_before_ += samples_;
  samples_ = frames_ = 0;
  filled_ = 0;
  ended_ = false;
  network_.reset();
  gate_.restart(!at_end_of_sound_);
  alternative_count_ = 0;
  greedy_.reset(start());
  if (decoder_) decoder_->reset(start());
  begin_evidence();
}

void Stream::give_up() {
  greedy_.reset(0);
  if (decoder_) decoder_->reset(0);
  begin_evidence();
  alternative_count_ = 0;
  ended_ = at_end_of_sound_ = true;
}

// Has the window heard, and moves on by the shift. Zeros after the end say nothing about the background.
void Stream::take_frame(bool is_padded) {
  if (gate_.is_on() && !is_padded) {
    listen(window_.data());
  } else if (!gate_.is_asleep()) {
    compute(window_.data());
  }
  const size_t shift = static_cast<size_t>(model_.features().shift());
  std::copy(window_.begin() + static_cast<ptrdiff_t>(shift), window_.end(), window_.begin());
  filled_ = filled_ > shift ? std::min(filled_, window_.size()) - shift : 0;
  ++frames_;
}

// Computes a window unless the stream sleeps. All of this depends on the windows alone, so that it does not matter into which
// chunks and batches they fall.
void Stream::listen(const float *window) {
  const double before = now();
  gate_.hear(window);
  feature_seconds_ += now() - before;
  if (!gate_.is_asleep()) {
    compute(window);
    if (!gate_.may_sleep()) return;
    const double start = now();
    network_.flush();
    network_seconds_ += now() - start;
    if (greedy_.silence() >= kSilenceToSleep) gate_.sleep();
  } else if (!gate_.is_loud()) {
    if (gate_.hold(window)) rest();
  } else {
    gate_.wake();
    for (size_t i = 0; i < gate_.held(); ++i) compute(gate_.window(i));
    gate_.forget_held();
    compute(window);
  }
}

// Goes on by an output frame in which nothing is said. The model's state stays as it is.
void Stream::rest() {
  const double start = now();
  ++frames_slept_;
  greedy_.rest();
  evidence_.rest();
  if (decoder_) decoder_->rest();
  const double seconds = now() - start;
  decoder_seconds_ += seconds;
  network_seconds_ += seconds;  // as in refresh()
}

// Computes the features of a window, and lets the network have them.
void Stream::compute(const float *window) {
  const double start = now();
  const Features &features = model_.features();
  features.compute(model_.vectors(), window, features_.data(), workspace_);
  features.normalise(features_.data(), normalised_.data());
  if (options_.on_features) options_.on_features(options_.user, features_.data(), features.bins());
  const double between = now();
  network_.push(normalised_.data());
  feature_seconds_ += between - start;
  network_seconds_ += now() - between;
}

void Stream::decode(const float *logprobs) {
  const double start = now();
  if (options_.on_logprobs) options_.on_logprobs(options_.user, logprobs, static_cast<int>(model_.units().names.size()));
  greedy_.push(logprobs);
  evidence_.push(logprobs);
  if (decoder_) decoder_->push(logprobs);
  decoder_seconds_ += now() - start;
}

bool Stream::at_endpoint() const {
  const double seconds = static_cast<double>(samples_) / model_.features().sample_rate();
  if (options_.maximum_seconds > 0 && seconds >= options_.maximum_seconds) return true;
  if (options_.silence_seconds <= 0) return false;
  if (decoder_) return decoder_->has_begun() && decoder_silence() >= options_.silence_seconds;
  return !greedy_.text().empty() && greedy_.silence() >= options_.silence_seconds;
}

// Over a long silence the ways to find a word's letters in noise become so many that together they outweigh none. So a
// search in which nothing has begun is begun anew. It waits until little can be lost, but not for ever.
bool Stream::is_idle() const {
  if (!decoder_ || options_.silence_seconds <= 0 || decoder_->has_begun()) return false;
  const double seconds = decoder_silence();
  if (seconds < options_.silence_seconds) return false;
  if (seconds >= kLongestWait * options_.silence_seconds) return true;
  return greedy_.silence() >= options_.silence_seconds && decoder_->is_sure();
}

double Stream::decoder_silence() const {
  return static_cast<double>(decoder_->silent_frames()) * model_.seconds_per_frame();
}

schatten_statistics Stream::statistics() const {
  const double audio = static_cast<double>(samples_before_ + samples_) / model_.features().sample_rate();
  return {audio, feature_seconds_, network_seconds_ - decoder_seconds_, decoder_seconds_};
}

schatten_acoustic_parts Stream::acoustic_parts() const {
  const double recurrent = network_.recurrent_seconds(), output = network_.output_seconds();
  return {network_seconds_ - decoder_seconds_ - recurrent - output, recurrent, output};
}

}  // namespace schatten
