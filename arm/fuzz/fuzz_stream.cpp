// Any sound with any endpoints, in chunks of any sizes, in 16 bits or fp32: the same utterances as the whole at once, each with
// words that lie in its text and in its time. Nothing else may happen. The first bytes are settings, the others 16-bit samples.
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <string>
#include <vector>

#include "input.h"
#include "schatten.h"

namespace {

constexpr size_t kSettings = 4;

struct Settings {
  uint8_t model_and_batch, silence, maximum, chunks;
};

const schatten_model *model_of(unsigned number) {
  static const char *const kNames[] = {"lstm.int8", "joint.int8", "pieces.fp32", "phones.int8"};
  static const schatten_model *models[4];
  const schatten_model *&model = models[number % 4];
  char error[256];
  if (!model) model = schatten_model_open((std::string(SCHATTEN_CORPUS "/model/") + kNames[number % 4] + ".gguf").c_str(), error, sizeof error);
  if (!model) abort();
  return model;
}

// Loud and hardly to be heard in turn, so that utterances end.
std::vector<int16_t> sound_of(const uint8_t *data, size_t size) {
  std::vector<int16_t> part(size / sizeof(int16_t)), sound;
  if (!part.empty()) memcpy(part.data(), data, part.size() * sizeof(int16_t));
  for (int i = 0; i < 6; ++i) {
    for (const int16_t sample : part) sound.push_back(static_cast<int16_t>(i % 2 ? sample / 4096 : sample));
  }
  return sound;
}

// An utterance's text, words and length; aborts where they do not fit together.
std::string checked(const schatten_stream *stream, double *before) {
  const std::string text = schatten_text(stream);
  const double now = schatten_stream_statistics(stream).audio_seconds;
  std::string shown = text + '\n';
  double start = *before;
  const schatten_word *words = schatten_words(stream);
  for (int i = 0; i < schatten_word_count(stream); ++i) {
    const schatten_word &word = words[i];
    const bool inside = word.offset >= 0 && word.length > 0 && static_cast<size_t>(word.offset + word.length) <= text.size();
    if (!inside || word.start < start || word.end <= word.start) abort();
    start = word.start;
    shown += std::to_string(word.start) + ' ' + std::to_string(word.end) + '\n';
  }
  if (*schatten_problem(stream) || now < *before) abort();
  *before = now;
  return shown + std::to_string(now) + '\n';
}

size_t accept(schatten_stream *stream, const int16_t *samples, size_t count) { return schatten_accept(stream, samples, count); }
size_t accept(schatten_stream *stream, const float *samples, size_t count) {
  return schatten_accept_float(stream, samples, count);
}

// All utterances, where `next` gives the size of each chunk.
template <class Sample, class Next>
std::string recognise(const Settings &settings, const std::vector<Sample> &sound, const Next &next) {
  schatten_options options;
  schatten_options_default(&options, sizeof options);
  options.batch_frames = 1 + settings.model_and_batch / 4 % 4;
  options.silence_seconds = settings.silence * 0.01;
  options.maximum_seconds = settings.maximum * 0.01;
  char error[256];
  schatten_stream *stream = schatten_stream_open(model_of(settings.model_and_batch), &options, error, sizeof error);
  if (!stream) abort();
  std::string shown;
  double before = 0;
  for (size_t at = 0; at < sound.size();) {
    const size_t count = std::min(next(), sound.size() - at), used = accept(stream, sound.data() + at, count);
    if (used > count || (used < count && !schatten_ended(stream))) abort();
    at += used;
    if (!schatten_ended(stream)) continue;
    shown += checked(stream, &before);
    if (accept(stream, sound.data(), 1) != 0) abort();
    schatten_restart(stream);
  }
  schatten_finish(stream);
  shown += checked(stream, &before);
  if (before < static_cast<double>(sound.size()) / 16000 - 1e-6) abort();
  schatten_stream_close(stream);
  return shown;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < kSettings) return 0;
  Settings settings;
  memcpy(&settings, data, kSettings);
  const std::vector<int16_t> sound = sound_of(data + kSettings, size - kSettings);
  const std::string whole = recognise(settings, sound, [&] { return sound.size(); });
  uint32_t state = settings.chunks;
  const auto next = [&] {
    state = state * 1664525u + 1013904223u;
    return static_cast<size_t>(1 + (state >> 24) * (state >> 24) % (1u << (state >> 20) % 12));  // single samples too
  };
  if (recognise(settings, sound, next) != whole) abort();
  std::vector<float> fractions;
  for (const int16_t sample : sound) fractions.push_back(static_cast<float>(sample) / 32768);
  if (recognise(settings, fractions, next) != whole) abort();
  return 0;
}
