#include "wav.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>

#include "failure.h"

namespace schatten {

namespace {

constexpr uint32_t kRate = 16000;
constexpr uint16_t kPcm = 1, kExtensible = 0xfffe;
constexpr uint32_t kStreamed = 0x7fff0000;  // lengths from here on (18 hours) stand for one that was not known

uint32_t number(const uint8_t *bytes, int size) {
  uint32_t value = 0;
  for (int i = size - 1; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

Wav::Wav(const std::string &path) : path_(path), file_(fopen(path.c_str(), "rbe")) {
  require(file_ != nullptr, path + " cannot be opened: " + strerror(errno));
  uint8_t head[12];
  const bool whole = fread(head, 1, sizeof head, file_.get()) == sizeof head;
  require(whole && memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WAVE", 4) == 0, path + " is no WAV file");
  for (bool known = false;;) {
    uint8_t chunk[8];
    take(chunk, sizeof chunk);
    const uint32_t size = number(chunk + 4, 4);
    if (memcmp(chunk, "data", 4) == 0) {
      require(known, path_ + " has no format before its data: it is damaged");
      check_length(number(head + 4, 4), size);
      return;
    }
    if (memcmp(chunk, "fmt ", 4) == 0) {
      check_format(size);
      known = true;
    } else {
      skip(size);
    }
    if (size % 2) skip(1);
  }
}

void Wav::check_format(uint32_t size) {
  require(size >= 16, path_ + " has a short format chunk: it is damaged");
  uint8_t format[16];
  take(format, sizeof format);
  skip(size - 16);
  const uint32_t kind = number(format, 2), channels = number(format + 2, 2), rate = number(format + 4, 4);
  const uint32_t bits = number(format + 14, 2);
  const std::string fix = "; convert it: sox " + path_ + " -r 16000 -c 1 -b 16 converted.wav";
  require((kind == kPcm || kind == kExtensible) && bits == 16, path_ + " is not 16-bit PCM" + fix);
  require(channels == 1, path_ + " has " + std::to_string(channels) + " channels, not 1" + fix);
  require(rate == kRate, path_ + " is sampled at " + std::to_string(rate) + " Hz, not 16000" + fix);
}

// `whole` and `size` are what is said of the file and of its sound; where the file's own length can be known, a recording
// that is cut off is refused before any of it is heard.
void Wav::check_length(uint32_t whole, uint32_t size) {
  struct stat status;
  const bool is_known = fstat(fileno(file_.get()), &status) == 0 && S_ISREG(status.st_mode);
  const uint64_t present = is_known ? static_cast<uint64_t>(status.st_size - ftello(file_.get())) : 0;
  const bool streamed = size >= kStreamed || (size == 0 && whole >= kStreamed);
  is_open_ended_ = streamed && (size == 0 || !is_known || size > present);
  require(is_open_ended_ || !is_known || size <= present, cut_off());
  left_ = is_open_ended_ ? UINT64_MAX : size;
}

std::string Wav::cut_off() const { return path_ + " is cut off: its audio is shorter than it says"; }

void Wav::take(void *to, size_t size) {
  require(fread(to, 1, size, file_.get()) == size, path_ + " is cut off: it ends before its audio");
}

void Wav::skip(uint32_t size) {
  uint8_t dropped[4096];
  for (uint32_t part; size > 0; size -= part) {
    part = std::min<uint32_t>(size, sizeof dropped);
    take(dropped, part);
  }
}

const std::vector<int16_t> &Wav::read(size_t count) {
  samples_.resize(static_cast<size_t>(std::min<uint64_t>(count, left_ / sizeof(int16_t))));
  const size_t wanted = samples_.size(), got = fread(samples_.data(), sizeof(int16_t), wanted, file_.get());
  require(!ferror(file_.get()), path_ + " cannot be read: " + strerror(errno));
  require(got == wanted || is_open_ended_, cut_off());
  samples_.resize(got);
  left_ -= got * sizeof(int16_t);
  return samples_;
}

}  // namespace schatten
