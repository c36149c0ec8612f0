// The decoders of miniaudio (David Reid; public domain or MIT-0), whose source only codecs.cpp sees.
#ifndef SCHATTEN_ENGINE_CODECS_H
#define SCHATTEN_ENGINE_CODECS_H

#include <stddef.h>
#include <stdint.h>

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "input.h"

namespace schatten {

// A frame of MP3 after the other.
class Mp3Decoder {
 public:
  Mp3Decoder();
  ~Mp3Decoder();

  // Decodes a whole frame, interleaved; false where it cannot, such as for want of the frames before it.
  bool decode(const std::string &frame, std::vector<float> &samples);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A file of FLAC, block by block, without going back.
class FlacDecoder {
 public:
  // The next bytes of the input are `fLaC`. It is invalid where no stream can be found.
  explicit FlacDecoder(Input &input);
  ~FlacDecoder();

  bool is_valid() const;
  uint32_t rate() const, channels() const;
  // Samples of each channel that the file says it has; 0 where it does not.
  uint64_t total() const;
  // Decodes the next block that is whole, interleaved, in the upper bits of 32; false at the end. `position`: its first
  // sample's number, as the block says. Throws what reading the input threw.
  bool next(std::vector<int32_t> &samples, uint64_t &position);
  // After the end: whether it came within a block.
  bool ends_within() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace schatten
#endif
