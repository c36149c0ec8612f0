// Reads 16-bit mono PCM at 16 kHz from a WAV file or from standard input, piece by piece; anything else is an Error.
#ifndef SCHATTEN_ENGINE_WAV_H
#define SCHATTEN_ENGINE_WAV_H

#include <stdint.h>

#include <string>
#include <vector>

#include "input.h"

namespace schatten {

// Every sample is given, or an Error names the file and a command that mends it. A length that was never filled in, as by a
// program that writes into a pipe, is taken as the end of the file. RF64 and BW64 are WAV with 64-bit lengths.
class Wav {
 public:
  // Opens a file; an Error where it holds other sound, or another length of it than it says.
  explicit Wav(const std::string &path);
  // Takes what is open already, such as standard input: a WAV file where it begins as one; an Error where it is known as
  // something else; otherwise raw PCM.
  explicit Wav(int descriptor);

  // The next samples, `count` of them unless the sound ends; none at the end. Half a sample there is dropped.
  const std::vector<int16_t> &read(size_t count);

 private:
  void read_header();
  void check_format(uint32_t size);
  void set_length(uint32_t said);
  bool is_empty();
  bool ends_here();
  void check_end();
  [[noreturn]] void refuse(const std::string &why, const std::string &fix) const;
  void take(void *to, size_t size);
  void skip(uint64_t size);

  Input input_;
  const std::string path_;      // as it stands in commands: empty for standard input
  bool is_wide_ = false;        // RF64 or BW64
  uint64_t wide_length_ = 0;    // of their sound
  uint64_t left_ = 0;           // bytes of sound
  bool is_open_ended_ = false;  // the sound goes on to the end of the input
  bool is_odd_ = false;         // its bytes are odd in number, so a byte that fills up may follow
  std::vector<int16_t> samples_;
};

}  // namespace schatten
#endif
