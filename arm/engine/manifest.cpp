#include "manifest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "failure.h"

namespace schatten {

namespace {

constexpr size_t kBlock = 64, kDigits = 64;

// FIPS 180-4, section 4.2.2.
constexpr uint32_t kConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t turned(uint32_t x, int bits) { return x >> bits | x << (32 - bits); }

// Takes a block into the state (section 6.2.2); the eight working variables change their roles instead of their places.
void take(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; ++i) {
    w[i] = static_cast<uint32_t>(block[4 * i]) << 24 | static_cast<uint32_t>(block[4 * i + 1]) << 16 |
           static_cast<uint32_t>(block[4 * i + 2]) << 8 | block[4 * i + 3];
  }
  for (int i = 16; i < 64; ++i) {
    const uint32_t low = turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3;
    const uint32_t high = turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + low + w[i - 7] + high;
  }
  memcpy(v, state, sizeof v);
  for (int i = 0; i < 64; i += 8) {
    for (int k = 0; k < 8; ++k) {
      const uint32_t a = v[-k & 7], b = v[(1 - k) & 7], c = v[(2 - k) & 7], e = v[(4 - k) & 7];
      const uint32_t chosen = (e & v[(5 - k) & 7]) ^ (~e & v[(6 - k) & 7]);
      const uint32_t most = (a & b) ^ (a & c) ^ (b & c);
      const uint32_t first =
          v[(7 - k) & 7] + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + chosen + kConstants[i + k] + w[i + k];
      v[(3 - k) & 7] += first;
      v[(7 - k) & 7] = first + (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + most;
    }
  }
  for (int i = 0; i < 8; ++i) state[i] += v[i];
}

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
    for (size_t at = 0; at + kBlock <= count; at += kBlock) take(state, buffer.data() + at);
  } while (count == buffer.size());
  uint8_t last[2 * kBlock] = {};  // section 5.1.1: a one, zeros, and the length in bits
  const size_t rest = count % kBlock, blocks = rest < kBlock - 8 ? 1 : 2;
  memcpy(last, buffer.data() + count - rest, rest);
  last[rest] = 0x80;
  for (size_t i = 0; i < 8; ++i) last[blocks * kBlock - 1 - i] = static_cast<uint8_t>(8 * *bytes >> 8 * i);
  for (size_t i = 0; i < blocks; ++i) take(state, last + i * kBlock);
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
