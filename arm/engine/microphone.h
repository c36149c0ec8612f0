// A microphone, through ALSA, whose library is opened at run time.
#ifndef SCHATTEN_ENGINE_MICROPHONE_H
#define SCHATTEN_ENGINE_MICROPHONE_H

#include <stdint.h>

#include <memory>
#include <string>

#include "source.h"

namespace schatten {

// It is heard from here on, at a rate and with channels of its own. Sound that nobody reads for a minute is an Error, not lost
// without a word.
class Microphone : public Source {
 public:
  // `device`: ALSA's name of it, such as `plughw:1`; empty for the one that ALSA takes by default. `is_over`: asked ten times a
  // second; once it is true, what was heard until then is the end of the sound. Throws Error where nothing can be heard, and in
  // a program that was built without microphones.
  explicit Microphone(const std::string &device, bool (*is_over)() = nullptr);
  ~Microphone() override;

  uint32_t rate() const override;
  uint32_t channels() const override;
  const std::string &name() const override;
  size_t read(float *to, size_t count) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace schatten
#endif
