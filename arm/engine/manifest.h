// A bundle's manifest.json: how long its files are and what their SHA-256 is, checked before they are used, and the thresholds of
// its gate.
#ifndef SCHATTEN_ENGINE_MANIFEST_H
#define SCHATTEN_ENGINE_MANIFEST_H

#include <stdint.h>

#include <string>

#include "gate.h"

namespace schatten {

class Manifest {
 public:
  // Reads a manifest as `schatten bundle` wrote it; throws Error.
  explicit Manifest(const std::string &path);

  // Throws Error, which names the file, unless it is as long as is said of its name (without folders) and has that sum.
  void require_same(const std::string &file) const;

  // The thresholds that were chosen for the bundle; the usual ones where none were. Throws Error where they cannot be used.
  Gate::Thresholds gate() const;

 private:
  struct Entry {
    uint64_t bytes;
    std::string sha256;
  };
  Entry entry(const std::string &name) const;

  std::string path_, text_;
};

// 64 hexadecimal digits (FIPS 180-4) of the bytes of a file, and how many there are; throws Error where it cannot be read.
std::string sha256_of_file(const std::string &path, uint64_t *bytes);

}  // namespace schatten
#endif
