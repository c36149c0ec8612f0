// The bytes of a fuzzer as a file in memory, for readers that take a path.
#ifndef SCHATTEN_FUZZ_INPUT_H
#define SCHATTEN_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The path of a file with those bytes; the next call replaces it.
inline std::string file_of(const uint8_t *data, size_t size) {
  static const int file = memfd_create("input", MFD_CLOEXEC);
  const bool written = ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == static_cast<ssize_t>(size);
  if (!written) abort();
  return "/proc/self/fd/" + std::to_string(file);
}

#endif
