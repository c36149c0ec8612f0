// The engine's C interface as JavaScript can call it: numbers and pointers alone, errors as a text that is fetched
// afterwards, structs as places in memory that schatten.js knows. schatten.js is the interface for people.
#include <emscripten.h>
#include <stddef.h>

#include "schatten.h"

namespace {

char error_text[1024];  // of the last call that gave nothing; the module runs in one thread

// What schatten.js reads of a schatten_word by itself.
static_assert(sizeof(schatten_word) == 32 && offsetof(schatten_word, length) == 4 && offsetof(schatten_word, start) == 8 &&
                  offsetof(schatten_word, end) == 16 && offsetof(schatten_word, confidence) == 24,
              "schatten.js reads words at these places");

}  // namespace

EM_JS(void, give_logprobs, (void *user, const float *values, int count), {
  Module.onLogprobs(user, HEAPF32.slice(values >> 2, (values >> 2) + count));
});

extern "C" {

EMSCRIPTEN_KEEPALIVE const char *web_error() { return error_text; }

EMSCRIPTEN_KEEPALIVE int web_check(const char *manifest, const char *path) {
  return schatten_check(manifest, path, error_text, sizeof error_text);
}

EMSCRIPTEN_KEEPALIVE schatten_model *web_model_open(const void *data, size_t length) {
  return schatten_model_open_memory(data, length, error_text, sizeof error_text);
}

// The thresholds of the gate; those of a bundle, unless `manifest` is an empty text.
EMSCRIPTEN_KEEPALIVE int web_gate(const char *manifest, double *numbers) {
  schatten_options options;
  schatten_options_default(&options, sizeof options);
  if (!schatten_gate(*manifest ? manifest : nullptr, &options, error_text, sizeof error_text)) return 0;
  numbers[0] = options.gate_decibels;
  numbers[1] = options.gate_evidence;
  return 1;
}

// Units, bins, is_int8, parameters, packed_bytes, seconds_per_frame, latency_seconds.
EMSCRIPTEN_KEEPALIVE void web_model_info(const schatten_model *model, double *numbers) {
  const schatten_info info = schatten_model_info(model);
  const double values[] = {static_cast<double>(info.units),        static_cast<double>(info.bins),
                           static_cast<double>(info.is_int8),      static_cast<double>(info.parameters),
                           static_cast<double>(info.packed_bytes), info.seconds_per_frame,
                           info.latency_seconds};
  for (const double value : values) *numbers++ = value;
}

// Files that are not there are empty texts.
EMSCRIPTEN_KEEPALIVE schatten_lm *web_lm_open(const schatten_model *model, const char *binary, const char *lexicon,
                                              const char *look_ahead, const char *manifest) {
  const schatten_lm_files files{binary, lexicon, *look_ahead ? look_ahead : nullptr, *manifest ? manifest : nullptr};
  return schatten_lm_open(model, &files, error_text, sizeof error_text);
}

// Words of the lexicon, and how many of them the language model knows.
EMSCRIPTEN_KEEPALIVE void web_lm_vocabulary(const schatten_lm *lm, int *numbers) {
  const schatten_vocabulary vocabulary = schatten_lm_vocabulary(lm);
  numbers[0] = vocabulary.words;
  numbers[1] = vocabulary.known;
}

EMSCRIPTEN_KEEPALIVE schatten_stream *web_stream_open(const schatten_model *model, const schatten_lm *lm, int batch,
                                                      double silence, double maximum, double lm_weight, double word_bonus,
                                                      double beam_threshold, int beam, int token_beam, int alternatives,
                                                      double temperature, double gate_decibels, double gate_evidence,
                                                      void *logprobs) {
  schatten_options options;
  schatten_options_default(&options, sizeof options);
  options.lm = lm;
  options.batch_frames = batch;
  options.silence_seconds = silence;
  options.maximum_seconds = maximum;
  options.lm_weight = lm_weight;
  options.word_bonus = word_bonus;
  options.beam_threshold = beam_threshold;
  options.beam = beam;
  options.token_beam = token_beam;
  options.alternatives = alternatives;
  options.temperature = temperature;
  options.gate_decibels = gate_decibels;
  options.gate_evidence = gate_evidence;
  options.user = logprobs;
  if (logprobs) options.on_logprobs = give_logprobs;
  return schatten_stream_open(model, &options, error_text, sizeof error_text);
}

EMSCRIPTEN_KEEPALIVE int web_stream_words(schatten_stream *stream, const char *lines, size_t length) {
  return schatten_stream_words(stream, lines, length, error_text, sizeof error_text);
}

// Score and posterior; returns the text.
EMSCRIPTEN_KEEPALIVE const char *web_alternative(const schatten_stream *stream, int n, double *numbers) {
  const schatten_scored scored = schatten_alternative(stream, n);
  numbers[0] = scored.score;
  numbers[1] = scored.posterior;
  return scored.text;
}

EMSCRIPTEN_KEEPALIVE void web_statistics(const schatten_stream *stream, double *numbers) {
  const schatten_statistics statistics = schatten_stream_statistics(stream);
  numbers[0] = statistics.audio_seconds;
  numbers[1] = statistics.feature_seconds;
  numbers[2] = statistics.acoustic_seconds;
  numbers[3] = statistics.decoder_seconds;
  numbers[4] = schatten_asleep_seconds(stream);
}

}  // extern "C"
