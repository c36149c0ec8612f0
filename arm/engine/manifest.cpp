#include "manifest.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "failure.h"
#include "options.h"
#include "sha256.h"

namespace schatten {

namespace {

constexpr size_t kBlock = sk::kShaBlock, kDigits = 64;
constexpr double kNewest = 2;  // version of the format: 2 may have thresholds

std::string name_of(const std::string &path) { return path.substr(path.rfind('/') + 1); }

// The text behind `"key":` in a JSON object's text, blanks skipped; empty where it is not there.
std::string behind(const std::string &object, const std::string &key) {
  const size_t found = object.find('"' + key + '"');
  if (found == std::string::npos) return "";
  const size_t colon = object.find_first_not_of(" \t\r\n", found + key.size() + 2);
  if (colon == std::string::npos || object[colon] != ':') return "";
  const size_t value = object.find_first_not_of(" \t\r\n", colon + 1);
  return value == std::string::npos ? "" : object.substr(value);
}

// The number behind `"key":`; NaN, which fails every comparison, where there is none.
double number_behind(const std::string &object, const std::string &key) {
  const std::string text = behind(object, key);
  char *end = nullptr;
  const double value = strtod(text.c_str(), &end);
  return end == text.c_str() ? NAN : value;
}

}  // namespace

std::string sha256_of_file(const std::string &path, uint64_t *bytes) {
  const std::unique_ptr<FILE, int (*)(FILE *)> file(fopen(path.c_str(), "rb"), fclose);
  require(file != nullptr, path + " cannot be opened");
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::vector<uint8_t> buffer(1024 * kBlock);
  *bytes = 0;
  size_t count;
  do {
    count = fread(buffer.data(), 1, buffer.size(), file.get());
    require(!ferror(file.get()), path + " cannot be read");
    *bytes += count;
    sk::sha256_blocks(state, buffer.data(), count / kBlock);
  } while (count == buffer.size());
  uint8_t last[2 * kBlock] = {};  // section 5.1.1: a one, zeros, and the length in bits
  const size_t rest = count % kBlock, blocks = rest < kBlock - 8 ? 1 : 2;
  memcpy(last, buffer.data() + count - rest, rest);
  last[rest] = 0x80;
  for (size_t i = 0; i < 8; ++i) last[blocks * kBlock - 1 - i] = static_cast<uint8_t>(8 * *bytes >> 8 * i);
  sk::sha256_blocks(state, last, blocks);
  char digits[kDigits + 1];
  for (int i = 0; i < 8; ++i) snprintf(digits + 8 * i, 9, "%08x", state[i]);
  return digits;
}

Manifest::Manifest(const std::string &path) : path_(path) {
  std::ifstream file(path, std::ios::binary);
  require(file.good(), path + " cannot be opened: give a bundle's manifest.json");
  text_.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

Manifest::Entry Manifest::entry(const std::string &name) const {
  const std::string value = behind(text_, name), object = value.substr(0, value.find('}'));
  const std::string bytes = behind(object, "bytes"), sum = behind(object, "sha256");
  const bool whole = value.compare(0, 1, "{") == 0 && !bytes.empty() && isdigit(static_cast<unsigned char>(bytes[0])) &&
                     sum.size() > kDigits + 1 && sum[0] == '"' && sum[kDigits + 1] == '"';
  require(whole, path_ + " does not say what " + name + " is: give the manifest.json and the files of one bundle");
  return {strtoull(bytes.c_str(), nullptr, 10), sum.substr(1, kDigits)};
}

Gate::Thresholds Manifest::gate() const {
  require(number_behind(text_, "schatten_bundle") <= kNewest,
          path_ + " is no manifest, or of a later version: give that of a bundle, or install a newer engine");
  const std::string value = behind(text_, "gate");
  if (value.empty()) return {SCHATTEN_GATE_DECIBELS, SCHATTEN_GATE_EVIDENCE};
  const std::string object = value.substr(0, value.find('}'));
  const Gate::Thresholds found{number_behind(object, "decibels"), number_behind(object, "evidence")};
  require(value[0] == '{' && is_decibels(found.decibels) && is_evidence(found.evidence),
          path_ + " has thresholds of the gate that are no numbers, or out of range: copy the bundle again");
  return found;
}

void Manifest::require_same(const std::string &file) const {
  const Entry expected = entry(name_of(file));
  uint64_t bytes;
  const std::string sum = sha256_of_file(file, &bytes);
  require(bytes == expected.bytes, file + " has " + std::to_string(bytes) + " bytes, but " + path_ + " says " +
                                       std::to_string(expected.bytes) + ": copy the bundle again");
  require(sum == expected.sha256, file + " is not the file that " + path_ + " names (its SHA-256 is another): copy the "
                                  "bundle again");
}

}  // namespace schatten
