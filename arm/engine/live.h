// Reads 16-bit PCM from standard input until it ends, or until Ctrl-C.
#ifndef SCHATTEN_ENGINE_LIVE_H
#define SCHATTEN_ENGINE_LIVE_H

#include <stddef.h>
#include <stdint.h>

#include <vector>

namespace schatten {

class Live {
 public:
  // From here on a first SIGINT is the end of the input, unless SIGINT is ignored; a second one ends the program.
  Live();

  // The next samples, `count` of them unless the input ends; none at the end. Half a sample there is dropped. Throws Error
  // where standard input cannot be read.
  const std::vector<int16_t> &read(size_t count);

 private:
  std::vector<int16_t> samples_;
};

}  // namespace schatten
#endif
