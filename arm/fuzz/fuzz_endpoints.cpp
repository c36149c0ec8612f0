// Any bytes as sound, with endpoints and a language model: utterances that end alike however the sound is cut into chunks.
// Nothing else may happen.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <string>
#include <vector>

#include "input.h"
#include "schatten.h"
#include "small_lm.h"

namespace {

constexpr size_t kMostSamples = 16000;
constexpr const char *kLexicon = "a\ta\nb\tb\nab\ta b\nba\tb a\ncab\tc a b\n";

struct Opened {
  schatten_model *model;
  schatten_lm *lm;
};

// The model that the seeds of fuzz_model hold, and a language model over its letters.
const Opened &opened() {
  static const Opened found = [] {
    char error[512] = "";
    schatten_model *const model = schatten_model_open(SCHATTEN_FUZZ_MODEL, error, sizeof error);
    const std::string lexicon = file_of(reinterpret_cast<const uint8_t *>(kLexicon), strlen(kLexicon));
    const schatten_lm_files files{small_lm().c_str(), lexicon.c_str(), nullptr, nullptr};
    schatten_lm *const lm = model ? schatten_lm_open(model, &files, error, sizeof error) : nullptr;
    if (!lm) fprintf(stderr, "%s\n", error), abort();
    return Opened{model, lm};
  }();
  return found;
}

// The utterances of the sound, a line each, with where they ended.
std::string utterances(schatten_stream *stream, const std::vector<int16_t> &sound, size_t chunk) {
  std::string found;
  size_t at = 0;
  while (at < sound.size()) {
    const size_t count = std::min(chunk, sound.size() - at);
    const size_t used = schatten_accept(stream, sound.data() + at, count);
    if (used > count || *schatten_problem(stream)) abort();
    at += used;
    if (!schatten_ended(stream)) {
      if (used < count) abort();
      continue;
    }
    if (schatten_accept(stream, sound.data(), 1) != 0) abort();
    found += std::to_string(at) + " " + schatten_text(stream) + "\n";
    schatten_restart(stream);
    if (schatten_word_count(stream) || *schatten_text(stream) || schatten_ended(stream)) abort();
  }
  schatten_finish(stream);
  return found + schatten_text(stream);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Bytes bytes(data, size);
  schatten_options options;
  schatten_options_default(&options, sizeof options);
  options.lm = bytes.next() % 2 ? opened().lm : nullptr;
  options.batch_frames = 1 + bytes.next() % 4;
  options.silence_seconds = bytes.next() / 400.0;
  options.maximum_seconds = bytes.next() / 400.0;
  options.lm_weight = bytes.next() / 64.0;
  options.word_bonus = bytes.next() / 16.0 - 8;
  options.beam = 1 + bytes.next();
  options.gate_decibels = bytes.next() % 61;
  options.gate_evidence = bytes.next() % 4 / 16.0;
  const size_t chunk = 1 + 16u * bytes.next();
  std::vector<int16_t> sound;
  while (!bytes.empty() && sound.size() < kMostSamples) {  // an amplitude, and for how long there is noise of it
    const int amplitude = bytes.next() * 64;
    const size_t length = 64u * bytes.next();
    for (size_t i = 0; i < length && sound.size() < kMostSamples; ++i) {
      sound.push_back(static_cast<int16_t>(static_cast<int>(i * i * 7919 % 257) * amplitude / 128 - amplitude));
    }
  }
  char error[256] = "";
  schatten_stream *stream = schatten_stream_open(opened().model, &options, error, sizeof error);
  if (!stream) abort();  // none of these is out of range
  const std::string found = utterances(stream, sound, sound.size() + 1);
  schatten_restart(stream);
  if (utterances(stream, sound, chunk) != found) abort();
  schatten_stream_close(stream);
  return 0;
}
