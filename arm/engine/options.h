// What the options of a stream may be.
#ifndef SCHATTEN_ENGINE_OPTIONS_H
#define SCHATTEN_ENGINE_OPTIONS_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#include <algorithm>

#include "decoder.h"
#include "failure.h"
#include "product.h"
#include "schatten.h"

namespace schatten {

constexpr int kWidestBeam = 10000;
constexpr double kHighestThreshold = 300;
constexpr double kHighestGate = 60;  // decibels
constexpr double kLowestTemperature = 0.01, kHighestTemperature = 100;

// The options up to `user`, which the first version had: a struct that is smaller was never filled in.
constexpr size_t kFirstOptions = offsetof(schatten_options, user) + sizeof(void *);

constexpr size_t kOptionsWithGate = offsetof(schatten_options, gate_evidence) + sizeof(double);

// What schatten_options_default gives.
inline schatten_options default_options() {
  schatten_options options{};
  options.size = sizeof options;
  options.batch_frames = kMaxBatch;
  options.lm_weight = 1;
  options.beam_threshold = 25;
  options.beam = 200;
  options.token_beam = 15;
  options.temperature = 1;
  return options;
}

// The options of a caller, which may have been compiled with another version: those that it does not know have their
// defaults. Throws Error where it sets one that this library does not know, or where `size` was never set.
inline schatten_options options_of(const schatten_options *given) {
  schatten_options options = default_options();
  require(given->size >= kFirstOptions && given->size < 65536,
          "the options have no size: fill them in with schatten_options_default first");
  const char *const bytes = reinterpret_cast<const char *>(given);
  const bool known = std::all_of(bytes + std::min(given->size, sizeof options), bytes + given->size, [](char c) { return c == 0; });
  require(known, "an option is set that libschatten " SCHATTEN_VERSION " does not know: install the version of your schatten.h");
  memcpy(static_cast<void *>(&options), given, std::min(given->size, sizeof options));
  options.size = sizeof options;
  return options;
}

// The options of a search; throws Error where one is out of range. Comparisons are such that NaN fails them.
inline const schatten_options &checked_search(const schatten_options &options) {
  require(options.beam >= 1 && options.beam <= kWidestBeam && options.token_beam >= 1,
          "beam must be 1 to 10000, token_beam 1 or more");
  require(options.beam_threshold > 0 && options.beam_threshold <= kHighestThreshold,
          "beam_threshold must be above 0 and at most 300");
  require(options.lm_weight >= 0 && isfinite(options.lm_weight) && isfinite(options.word_bonus),
          "lm_weight must be 0 or more, and word_bonus a number");
  require(options.alternatives >= 0 && options.alternatives <= kMostAlternatives, "alternatives must be 0 to 100");
  require(options.temperature >= kLowestTemperature && options.temperature <= kHighestTemperature,
          "temperature must be 0.01 to 100");
  return options;
}

inline bool is_decibels(double value) { return value >= 0 && value <= kHighestGate; }
inline bool is_evidence(double value) { return value >= 0 && value <= 1; }

// `options`; throws Error where one is out of range.
inline const schatten_options &checked(const schatten_options &options) {
  require(options.batch_frames >= 1 && options.batch_frames <= kMaxBatch, "batch_frames must be 1 to 4");
  require(options.silence_seconds >= 0 && options.maximum_seconds >= 0, "silence_seconds and maximum_seconds must be 0 or more");
  require(is_decibels(options.gate_decibels), "gate_decibels must be 0 to 60");
  require(is_evidence(options.gate_evidence), "gate_evidence must be 0 to 1");
  require(options.lm || options.alternatives == 0, "alternatives need a language model");
  return checked_search(options);
}

}  // namespace schatten
#endif
