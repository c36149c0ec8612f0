// Any bytes as a WAV file, and as what a pipe gives to standard input: refused in one sentence, or read to its end. Nothing
// else may happen.
#include <string.h>

#include <memory>

#include "../engine/failure.h"
#include "../engine/wav.h"
#include "input.h"

namespace {

// Reads all; more than there was, or an empty sentence, is a fault.
template <class Source>
void read_all(const Source &source, size_t size, const char *name) {
  try {
    schatten::Wav wav(source);
    size_t samples = 0;
    while (const size_t count = wav.read(1600).size()) samples += count;
    if (samples * sizeof(int16_t) > size) abort();
    if (!wav.read(1).empty()) abort();
  } catch (const schatten::Error &error) {
    if (!strstr(error.what(), name) || strlen(error.what()) < strlen(name) + 4) abort();
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr size_t kPipe = 1 << 16;  // what a pipe takes while nobody reads
  const std::string path = file_of(data, size);
  read_all(path, size, path.c_str());
  int ends[2];
  if (size > kPipe || pipe(ends) != 0) return 0;
  if (write(ends[1], data, size) != static_cast<ssize_t>(size)) abort();
  close(ends[1]);
  read_all(ends[0], size, "standard input");
  close(ends[0]);
  return 0;
}
