// The weights of a tensor of a model's file, in 8 bits or in 4, and whether 4 bits stay so in memory.
#ifndef SCHATTEN_ENGINE_WEIGHTS_H
#define SCHATTEN_ENGINE_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include <string>
#include <vector>

#include "gguf.h"

namespace schatten {

// Where they are stored in 4 bits two are in a byte, the first one in the low half, an odd row filled up with zero; a key
// then says how many columns they have.
class Weights {
 public:
  Weights(const Gguf &file, const std::string &name, const Gguf::Matrix &from);

  int cols() const { return cols_; }
  bool is_narrow() const { return is_narrow_; }
  // In 8 bits, row after row. Valid while this and the file are.
  const int8_t *data();
  // As they are stored in 4 bits, where they are.
  const uint8_t *nibbles() const { return from_.data; }
  ptrdiff_t stride() const { return from_.cols; }

 private:
  Gguf::Matrix from_;
  int cols_;
  bool is_narrow_ = false;
  std::vector<int8_t> unpacked_;
};

// Whether whole matrices of 4 bits stay so in memory, where the kernels can: as SCHATTEN_INT4 says, or else where the model's
// are large. See docs/kernels.md. Throws Error where SCHATTEN_INT4 is neither `nibbles` nor `bytes`.
bool keeps_nibbles(const Gguf &file);

}  // namespace schatten
#endif
