// Sound of any kind that is read, as the engine takes it: 16 kHz, one channel, 16 bits.
#ifndef SCHATTEN_ENGINE_SOUND_H
#define SCHATTEN_ENGINE_SOUND_H

#include <stddef.h>
#include <stdint.h>

#include <memory>
#include <string>
#include <vector>

#include "input.h"
#include "resampler.h"
#include "source.h"

namespace schatten {

// WAV, FLAC and MP3, and what a Source gives. Sound of 16 kHz is not resampled, and 16-bit samples of one channel stay as they
// are. Throws Error with a sentence that names the sound and what to do.
class Sound {
 public:
  // Opens a file. `channel`: which one is heard, from 1 on; 0: the mean of all.
  explicit Sound(const std::string &path, int channel = 0);
  // Takes what is open already, such as standard input: a file of WAV, FLAC or MP3 where it begins as one; an Error where it is
  // known as something else; otherwise raw PCM.
  explicit Sound(int descriptor, int channel = 0);
  // Takes what a microphone or another source gives.
  explicit Sound(std::unique_ptr<Source> source, int channel = 0);

  // Whether it is the mean of several channels.
  bool is_mean() const { return channel_ == 0 && source_->channels() > 1; }
  const Source &source() const { return *source_; }

  // The next samples, at least one unless the sound ends: `count`, or a few more or less.
  const std::vector<int16_t> &read(size_t count);

 private:
  void prepare();
  size_t read_mono(size_t count);

  std::unique_ptr<Input> input_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Resampler> resampler_;
  int channel_;
  bool has_ended_ = false;
  std::vector<float> frames_, mono_, resampled_;
  std::vector<int16_t> samples_;
};

}  // namespace schatten
#endif
