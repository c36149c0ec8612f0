// Reads 16-bit mono PCM at 16 kHz from a WAV file, piece by piece; anything else is an Error.
#ifndef SCHATTEN_ENGINE_WAV_H
#define SCHATTEN_ENGINE_WAV_H

#include <stdint.h>
#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

namespace schatten {

class Wav {
 public:
  // Opens a file; an Error where it holds other sound, or less than it says. A length that only a program says that did not
  // know it (`ffmpeg -f wav -` into a pipe) is taken as the end of the file.
  explicit Wav(const std::string &path);

  // The next samples, at most `count`; none at the end.
  const std::vector<int16_t> &read(size_t count);

 private:
  struct Close {
    void operator()(FILE *file) const { fclose(file); }
  };
  void check_format(uint32_t size);
  void check_length(uint32_t whole, uint32_t size);
  std::string cut_off() const;
  void take(void *to, size_t size);
  void skip(uint32_t size);

  std::string path_;
  std::unique_ptr<FILE, Close> file_;
  uint64_t left_ = 0;  // bytes of sound
  bool is_open_ended_ = false;
  std::vector<int16_t> samples_;
};

}  // namespace schatten
#endif
