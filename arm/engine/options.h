// What the options of a stream may be.
#ifndef SCHATTEN_ENGINE_OPTIONS_H
#define SCHATTEN_ENGINE_OPTIONS_H

#include <math.h>

#include "failure.h"
#include "product.h"
#include "schatten.h"

namespace schatten {

constexpr int kWidestBeam = 10000;
constexpr double kHighestThreshold = 300;

// The options of a search; throws Error where one is out of range. Comparisons are such that NaN fails them.
inline const schatten_options &checked_search(const schatten_options &options) {
  require(options.beam >= 1 && options.beam <= kWidestBeam && options.token_beam >= 1,
          "beam must be 1 to 10000, token_beam 1 or more");
  require(options.beam_threshold > 0 && options.beam_threshold <= kHighestThreshold,
          "beam_threshold must be above 0 and at most 300");
  require(options.lm_weight >= 0 && isfinite(options.lm_weight) && isfinite(options.word_bonus),
          "lm_weight must be 0 or more, and word_bonus a number");
  return options;
}

// `options`; throws Error where one is out of range.
inline const schatten_options &checked(const schatten_options &options) {
  require(options.batch_frames >= 1 && options.batch_frames <= kMaxBatch, "batch_frames must be 1 to 4");
  require(options.silence_seconds >= 0 && options.maximum_seconds >= 0, "silence_seconds and maximum_seconds must be 0 or more");
  return checked_search(options);
}

}  // namespace schatten
#endif
