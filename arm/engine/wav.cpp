#include "wav.h"

#include <errno.h>
#include <string.h>

#include <algorithm>

#include "failure.h"

namespace schatten {

namespace {

constexpr uint32_t kRate = 16000;
constexpr uint16_t kPcm = 1, kExtensible = 0xfffe;

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
      left_ = size;
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
  const size_t bytes = samples_.size() * sizeof(int16_t);
  require(fread(samples_.data(), 1, bytes, file_.get()) == bytes, path_ + " is cut off: its audio is shorter than it says");
  left_ -= bytes;
  return samples_;
}

}  // namespace schatten
