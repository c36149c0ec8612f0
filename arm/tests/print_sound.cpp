// Prints a file of sound as the engine hears it (16 kHz, one channel, 16 bits, raw): print_sound FILE [CHANNEL [SAMPLES AT ONCE]].
// `-` is standard input.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <memory>

#include "../engine/output.h"
#include "../engine/sound.h"

int main(int count, char **names) {
  return schatten::guarded_main("print_sound", [&] {
    if (count < 2) return fputs("print_sound FILE [CHANNEL [SAMPLES AT ONCE]]\n", stderr), 1;
    const int channel = count > 2 ? atoi(names[2]) : 0;
    const size_t at_once = count > 3 ? static_cast<size_t>(atol(names[3])) : 1600;
    using schatten::Sound;
    Sound sound = strcmp(names[1], "-") == 0 ? Sound(STDIN_FILENO, channel) : Sound(names[1], channel);
    for (;;) {
      const std::vector<int16_t> &samples = sound.read(at_once);
      if (samples.empty()) return 0;
      fwrite(samples.data(), sizeof samples[0], samples.size(), stdout);
    }
  });
}
