// Any bytes as a file of sound (WAV, FLAC, MP3), and as what a pipe gives to standard input: refused in one sentence, or read
// to its end, with the same samples from both. Nothing else may happen.
#include <string.h>

#include <string>
#include <vector>

#include "../engine/failure.h"
#include "../engine/sound.h"
#include "input.h"

namespace {

constexpr size_t kEnough = 200000;  // samples: a few bytes of FLAC may hold hours of silence

// Reads all; an empty sentence is a fault. `channel`: as for Sound.
template <class Source>
std::vector<int16_t> read_all(const Source &source, int channel, const char *name) {
  std::vector<int16_t> samples;
  try {
    schatten::Sound sound(source, channel);
    while (samples.size() < kEnough) {
      const std::vector<int16_t> &more = sound.read(1600);
      if (more.empty()) {
        if (!sound.read(1).empty()) abort();
        break;
      }
      samples.insert(samples.end(), more.begin(), more.end());
    }
  } catch (const schatten::Error &error) {
    if (!strstr(error.what(), name) || strlen(error.what()) < strlen(name) + 4) abort();
  }
  return samples;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr size_t kPipe = 1 << 16;  // what a pipe takes while nobody reads
  const std::string path = file_of(data, size);
  const int channel = size % 7 == 0;
  const std::vector<int16_t> whole = read_all(path, channel, path.c_str());
  int ends[2];
  if (size > kPipe || pipe(ends) != 0) return 0;
  if (write(ends[1], data, size) != static_cast<ssize_t>(size)) abort();
  close(ends[1]);
  const std::vector<int16_t> piped = read_all(ends[0], channel, "standard input");
  close(ends[0]);
  // A file may be refused before its sound is read, and raw sound comes through a pipe alone.
  if (!whole.empty() && piped != whole) abort();
  return 0;
}
