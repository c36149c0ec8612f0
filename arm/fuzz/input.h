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

// What a fuzzer's bytes say, one after the other; zeros behind the last.
class Bytes {
 public:
  Bytes(const uint8_t *data, size_t size) : at_(data), end_(data + size) {}
  uint8_t next() { return at_ < end_ ? *at_++ : uint8_t{0}; }
  bool empty() const { return at_ == end_; }
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  // The bytes up to a zero, which is dropped.
  std::string text() {
    std::string found;
    for (char byte; !empty() && (byte = static_cast<char>(next())) != 0;) found += byte;
    return found;
  }

 private:
  const uint8_t *at_, *const end_;
};

#endif
