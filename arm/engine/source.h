// Where sound comes from: a decoder of some form of file, or a microphone.
#ifndef SCHATTEN_ENGINE_SOURCE_H
#define SCHATTEN_ENGINE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include <string>

namespace schatten {

constexpr uint32_t kSoundRate = 16000;  // Hz: what the engine takes

class Source {
 public:
  virtual ~Source() = default;

  // Hz.
  virtual uint32_t rate() const = 0;
  virtual uint32_t channels() const = 0;
  // As it stands in messages: a file's name, `standard input`, a microphone.
  virtual const std::string &name() const = 0;
  // Takes the next frames (a sample of each channel in turn, -1 to 1): 1 to `count`, or 0 at the end. Throws Error where it
  // cannot go on.
  virtual size_t read(float *to, size_t count) = 0;
};

}  // namespace schatten
#endif
