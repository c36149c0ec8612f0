#include "weights.h"

#include <stdlib.h>
#include <string.h>

#include "failure.h"

namespace schatten {

namespace {

constexpr int kMostColumns = (1 << 24) - 1;

std::string columns_key(const std::string &name) { return "schatten." + name + ".columns"; }

}  // namespace

Weights::Weights(const Gguf &file, const std::string &name, const Gguf::Matrix &from) : from_(from), cols_(from.cols) {
  const std::string key = columns_key(name);
  if (!file.has(key)) return;
  is_narrow_ = true;
  cols_ = file.integer(key, 1, kMostColumns);
  file.require_tensor(from.is_int8 && from.cols == (cols_ + 1) / 2, name,
                      "has another size than its columns of 4 bits: export the model again");
}

const int8_t *Weights::data() {
  if (!is_narrow_) return reinterpret_cast<const int8_t *>(from_.data);
  if (!unpacked_.empty()) return unpacked_.data();
  unpacked_.resize(static_cast<size_t>(from_.rows) * static_cast<size_t>(cols_));
  int8_t *to = unpacked_.data();
  for (int row = 0; row < from_.rows; ++row, to += cols_) {
    const uint8_t *packed = from_.data + static_cast<size_t>(row) * static_cast<size_t>(from_.cols);
    for (int col = 0; col < cols_; ++col) {
      const int nibble = col % 2 == 0 ? packed[col / 2] & 15 : packed[col / 2] >> 4;
      to[col] = static_cast<int8_t>((nibble ^ 8) - 8);  // of two's complement: 8..15 stand for -8..-1
    }
  }
  return unpacked_.data();
}

bool keeps_nibbles(const Gguf &file) {
  if (const char *asked = getenv("SCHATTEN_INT4"); asked && *asked) {
    const bool nibbles = strcmp(asked, "nibbles") == 0;
    require(nibbles || strcmp(asked, "bytes") == 0,
            "SCHATTEN_INT4=" + std::string(asked).substr(0, 40) + ": give nibbles or bytes");
    return nibbles;
  }
  // The second-level cache of a Cortex-A53 board. A model that does not fit it is read from memory again for every frame.
  constexpr size_t kCache = 512 << 10;
  size_t bytes = 0;
  for (const std::string &name : file.tensor_names()) {
    if (!file.has(columns_key(name)) || file.has_tensor(name + ".blocks")) continue;
    const int cols = file.integer(columns_key(name), 1, kMostColumns);
    bytes += static_cast<size_t>(file.matrix(name).rows) * static_cast<size_t>(cols);
  }
  return bytes > kCache;
}

}  // namespace schatten
