// FLAC (RFC 9639).
#ifndef SCHATTEN_ENGINE_FLAC_H
#define SCHATTEN_ENGINE_FLAC_H

#include <stdint.h>

#include <string>
#include <vector>

#include "codecs.h"
#include "input.h"
#include "source.h"

namespace schatten {

// Every sample is given, or an Error names the file: blocks are checked by their sums, their numbers must follow each other,
// and a length in the header must be that of the sound. The MD5 sum there is not compared.
class Flac : public Source {
 public:
  // The next bytes of the input are `fLaC`.
  explicit Flac(Input &input);

  uint32_t rate() const override { return decoder_.rate(); }
  uint32_t channels() const override { return decoder_.channels(); }
  const std::string &name() const override { return input_.name(); }
  size_t read(float *to, size_t count) override;

 private:
  bool next_block();
  [[noreturn]] void refuse(const std::string &why) const;

  Input &input_;
  FlacDecoder decoder_;
  std::vector<int32_t> samples_;  // of the block, interleaved
  size_t at_ = 0;                 // the next of them, in frames
  uint64_t done_ = 0;             // samples of each channel that were decoded
};

}  // namespace schatten
#endif
