// WAV: PCM of 8 to 32 bits, floating point, A-law and mu-law, of any rate and number of channels.
#ifndef SCHATTEN_ENGINE_WAV_H
#define SCHATTEN_ENGINE_WAV_H

#include <stdint.h>

#include <string>
#include <vector>

#include "input.h"
#include "samples.h"
#include "source.h"

namespace schatten {

// Every sample is given, or an Error names the file and a command that mends it. A length that was never filled in, as by a
// program that writes into a pipe, is taken as the end of the file. RF64 and BW64 are WAV with 64-bit lengths. Half a frame
// at the end is dropped.
class Wav : public Source {
 public:
  // Whether a file that begins so is WAV, or is too short to say.
  static bool begins(const std::string &head);

  // Takes a file of WAV; an Error where it holds sound that is not read, or another length of it than it says.
  explicit Wav(Input &input);

  uint32_t rate() const override { return rate_; }
  uint32_t channels() const override { return channels_; }
  const std::string &name() const override { return input_.name(); }
  size_t read(float *to, size_t count) override;

 private:
  void read_header();
  void read_format(uint32_t size);
  void set_form(uint32_t form, uint32_t bits, uint32_t size);
  void set_length(uint32_t said);
  bool is_empty();
  bool ends_here();
  void check_end();
  void check_floats(const float *samples, size_t count) const;
  [[noreturn]] void refuse(const std::string &why, const std::string &fix) const;
  void take(void *to, size_t size);
  void skip(uint64_t size);

  Input &input_;
  SampleForm form_ = SampleForm::kSigned16;
  uint32_t rate_ = 0, channels_ = 0;
  size_t frame_ = 0;            // bytes of a sample of each channel
  bool is_wide_ = false;        // RF64 or BW64
  uint64_t wide_length_ = 0;    // of their sound
  uint64_t left_ = 0;           // bytes of sound
  bool is_open_ended_ = false;  // the sound goes on to the end of the input
  bool is_odd_ = false;         // its bytes are odd in number, so a byte that fills up may follow
  std::vector<uint8_t> bytes_;
};

// Raw PCM: 16 kHz, one channel, 16 bits, to the end of the input.
class Raw : public Source {
 public:
  explicit Raw(Input &input) : input_(input) {}

  uint32_t rate() const override { return kSoundRate; }
  uint32_t channels() const override { return 1; }
  const std::string &name() const override { return input_.name(); }
  size_t read(float *to, size_t count) override;

 private:
  Input &input_;
  std::vector<uint8_t> bytes_;
};

}  // namespace schatten
#endif
