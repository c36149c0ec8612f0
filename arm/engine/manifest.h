// A bundle's manifest.json: length and SHA-256 of its files, checked before they are used.
#ifndef SCHATTEN_ENGINE_MANIFEST_H
#define SCHATTEN_ENGINE_MANIFEST_H

#include <stdint.h>

#include <string>

namespace schatten {

class Manifest {
 public:
  // Reads a manifest as `schatten bundle` wrote it; throws Error.
  explicit Manifest(const std::string &path);

  // Throws Error, which names the file, unless it has the length and the sum of its name's entry (without folders).
  void require_same(const std::string &file) const;

 private:
  struct Entry {
    uint64_t bytes;
    std::string sha256;
  };
  Entry entry(const std::string &name) const;

  std::string path_, text_;
};

// The SHA-256 of a file in 64 hexadecimal digits (FIPS 180-4), and its bytes; throws Error if it cannot be read.
std::string sha256_of_file(const std::string &path, uint64_t *bytes);

}  // namespace schatten
#endif
