#include "flac.h"

#include <algorithm>

#include "failure.h"
#include "forms.h"

namespace schatten {

Flac::Flac(Input &input) : input_(input), decoder_(input) {
  if (!decoder_.is_valid()) throw Error(input_.name() + " begins as FLAC, and is cut off or damaged: record it or copy it again");
}

void Flac::refuse(const std::string &why) const {
  throw Error(input_.name() + " " + why + "; to keep what can be decoded, " + convert_by_ffmpeg(input_.path()));
}

// Decodes the next block; false at the end.
bool Flac::next_block() {
  const uint64_t total = decoder_.total();
  const std::string done = std::to_string(done_);
  uint64_t position = 0;
  at_ = 0;
  if (!decoder_.next(samples_, position)) {
    samples_.clear();
    if (done_ < total) refuse("is cut off or damaged: of " + std::to_string(total) + " samples " + done + " can be decoded");
    if (total == 0 && decoder_.ends_within()) refuse("is cut off or damaged behind sample " + done);
    return false;
  }
  if (position != done_) refuse("is damaged behind sample " + done + ": sample " + std::to_string(position) + " follows");
  done_ += samples_.size() / channels();
  if (total != 0 && done_ > total) refuse("has more sound than the " + std::to_string(total) + " samples that it says");
  return true;
}

size_t Flac::read(float *to, size_t count) {
  if (at_ * channels() == samples_.size() && !next_block()) return 0;
  const size_t given = std::min(count, samples_.size() / channels() - at_) * channels();
  const int32_t *const from = samples_.data() + at_ * channels();
  for (size_t i = 0; i < given; ++i) to[i] = static_cast<float>(from[i]) / 2147483648.0f;
  at_ += given / channels();
  return given / channels();
}

}  // namespace schatten
