// Whole files of text.
#ifndef SCHATTEN_ENGINE_TEXT_FILE_H
#define SCHATTEN_ENGINE_TEXT_FILE_H

#include <stddef.h>

#include <fstream>
#include <string>

#include "failure.h"

namespace schatten {

constexpr size_t kMostBytes = size_t{1} << 30;  // such that places in it, and nodes of a lexicon, are ints

// The bytes of a file, without a byte order mark, which editors put before a text. Throws Error, which ends with `remedy`
// where there is no such file.
inline std::string content_of(const std::string &path, const std::string &remedy) {
  std::ifstream file(path, std::ios::binary);
  require(file.good(), path + " cannot be opened: " + remedy);
  std::string content;
  for (char part[1 << 16]; file.read(part, sizeof part), file.gcount() > 0;) {
    content.append(part, static_cast<size_t>(file.gcount()));
    require(content.size() <= kMostBytes, path + " has more than 1 GiB: give a file of fewer words");
  }
  if (content.compare(0, 3, "\xEF\xBB\xBF") == 0) content.erase(0, 3);
  return content;
}

}  // namespace schatten
#endif
