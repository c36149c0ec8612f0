// Any bytes as a WAV file: refused in one sentence, or read to its end. Nothing else may happen.
#include "../engine/failure.h"
#include "../engine/wav.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    schatten::Wav wav(file_of(data, size));
    size_t samples = 0;
    while (const size_t count = wav.read(1600).size()) samples += count;
    if (samples * sizeof(int16_t) > size) abort();  // more than there was
  } catch (const schatten::Error &) {
  }
  return 0;
}
