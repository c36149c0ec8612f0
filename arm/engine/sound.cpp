#include "sound.h"

#include <algorithm>

#include "failure.h"
#include "flac.h"
#include "forms.h"
#include "mpeg.h"
#include "samples.h"
#include "wav.h"

namespace schatten {

namespace {

constexpr uint32_t kLowest = 4000, kHighest = 384000;  // Hz
constexpr uint32_t kMostChannels = 1024;               // as libsndfile has it: more is a damaged header
constexpr size_t kFewest = 64;                         // bytes that show what standard input is: 2 ms of raw sound

// Drops tags that players put in front of the sound; whether there was one.
bool skip_tags(Input &input) {
  bool had_one = false;
  while (const uint64_t length = id3_length(input.peek(10))) {
    had_one = true;
    if (input.skip(length) != length) throw Error(input.name() + " is cut off: it ends within a tag: record it or copy it again");
  }
  return had_one;
}

// The decoder of a file of sound, or nothing where it is none that is read.
std::unique_ptr<Source> decoder(Input &input, size_t bytes) {
  const bool is_tagged = skip_tags(input);
  std::string head = input.peek(bytes);
  if (needs_more(head)) head = input.peek(kHead);
  if (Wav::begins(head)) return std::make_unique<Wav>(input);
  if (head.compare(0, 4, "fLaC") == 0) return std::make_unique<Flac>(input);
  if (is_mp3(head) || (is_tagged && mpeg_frame(head, 0).size > 0)) return std::make_unique<Mp3>(input);
  const std::string form = form_of(head, input.path());
  require(form.empty(), input.name() + " " + form);
  require(!is_tagged, input.name() + " holds no sound behind its ID3 tag: record it or copy it again");
  return nullptr;
}

}  // namespace

Sound::Sound(const std::string &path, int channel) : input_(new Input(path)), source_(decoder(*input_, kHead)), channel_(channel) {
  if (!source_) {
    require(!input_->peek(1).empty(), path + " is empty: record it or copy it again");
    throw Error(path + " is no WAV, FLAC or MP3 file; " + convert_by_ffmpeg(path) +
                " (raw PCM of 16 kHz, mono, 16 bits is read from standard input)");
  }
  prepare();
}

Sound::Sound(int descriptor, int channel)
    : input_(new Input(descriptor, "standard input")), source_(decoder(*input_, kFewest)), channel_(channel) {
  if (!source_) source_ = std::make_unique<Raw>(*input_);
  prepare();
}

Sound::Sound(std::unique_ptr<Source> source, int channel) : source_(std::move(source)), channel_(channel) { prepare(); }

void Sound::prepare() {
  const uint32_t rate = source_->rate(), channels = source_->channels();
  const std::string path = input_ ? input_->path() : "";
  if (rate < kLowest || rate > kHighest) {
    throw Error(source_->name() + " is sampled at " + std::to_string(rate) + " Hz, which is not between " + std::to_string(kLowest) +
                " and " + std::to_string(kHighest) + "; " + convert_by_sox(path));
  }
  require(channels <= kMostChannels, source_->name() + " says that it has " + std::to_string(channels) +
                                         " channels: it is damaged: record it or copy it again");
  if (channel_ < 0 || static_cast<uint32_t>(channel_) > channels) {
    throw Error(source_->name() + " has no channel " + std::to_string(channel_) + ": give --channel a number from 1 to " +
                std::to_string(channels));
  }
  if (rate != kSoundRate) resampler_ = std::make_unique<Resampler>(rate, kSoundRate);
}

// Reads frames, and leaves one channel of them in mono_; how many.
size_t Sound::read_mono(size_t count) {
  const size_t channels = source_->channels();
  frames_.resize(count * channels);
  const size_t got = source_->read(frames_.data(), count);
  if (channels == 1) {
    mono_.assign(frames_.begin(), frames_.begin() + static_cast<ptrdiff_t>(got));
    return got;
  }
  mono_.resize(got);
  for (size_t i = 0; i < got; ++i) {
    const float *const frame = frames_.data() + i * channels;
    if (channel_ > 0) {
      mono_[i] = frame[channel_ - 1];
      continue;
    }
    float sum = 0;
    for (size_t one = 0; one < channels; ++one) sum += frame[one];
    mono_[i] = sum / static_cast<float>(channels);
  }
  return got;
}

const std::vector<int16_t> &Sound::read(size_t count) {
  samples_.clear();
  if (has_ended_) return samples_;
  const std::vector<float> *given = &mono_;
  if (!resampler_) {
    has_ended_ = read_mono(count) == 0;
  } else {
    const uint64_t rate = source_->rate();
    const size_t frames = static_cast<size_t>((count * rate + kSoundRate - 1) / kSoundRate);
    resampled_.clear();
    while (resampled_.empty() && !has_ended_) {
      has_ended_ = read_mono(frames) == 0;
      has_ended_ ? resampler_->finish(resampled_) : resampler_->add(mono_.data(), mono_.size(), resampled_);
    }
    given = &resampled_;
  }
  samples_.resize(given->size());
  to_16_bits(given->data(), given->size(), samples_.data());
  return samples_;
}

}  // namespace schatten
