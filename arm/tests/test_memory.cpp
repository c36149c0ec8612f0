// An hour of sound on one stream, cut into utterances of twenty seconds: test_memory MODEL [LM LEXICON]
// Nothing is allocated once it is open, with alternatives or without, and every utterance has the text that a fresh stream gives it. With a language model
// the same holds for minutes in which no path is given up before it must; and memory runs out once.
#include <stdio.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "given.h"
#include "schatten.h"

namespace {

long allocations = 0;
bool counting = false, exhausted = false;

// Whether there is memory.
bool count() {
  if (counting) ++allocations;
  return !exhausted;
}

}  // namespace

// The C library's allocation with a count; new comes here too.
extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void *malloc(size_t size) { return count() ? __libc_malloc(size) : nullptr; }
void *calloc(size_t number, size_t size) { return count() ? __libc_calloc(number, size) : nullptr; }
void *realloc(void *memory, size_t size) { return count() ? __libc_realloc(memory, size) : nullptr; }
void *aligned_alloc(size_t alignment, size_t size) { return count() ? __libc_memalign(alignment, size) : nullptr; }
}

namespace {

constexpr int kUtterances = 180, kFewUtterances = 9, kPatterns = 3;
constexpr size_t kChunk = 1600;

// Rising and falling noise: `seed` decides it.
std::vector<int16_t> noise(size_t samples, uint32_t seed) {
  std::vector<int16_t> sound(samples);
  for (size_t i = 0; i < samples; ++i) {
    seed = seed * 1664525u + 1013904223u;
    const int32_t level = static_cast<int32_t>(i / 97 * (seed >> 30) % 8192) + 50;
    sound[i] = static_cast<int16_t>((static_cast<int32_t>(seed >> 16) - 32768) * level / 32768);
  }
  return sound;
}

// Gives sound to a stream until the utterance ends; returns how much was used.
size_t accept(schatten_stream *stream, const std::vector<int16_t> &sound) {
  size_t used = 0;
  while (!schatten_ended(stream) && used < sound.size()) {
    const size_t left = sound.size() - used;
    used += schatten_accept(stream, sound.data() + used, left < kChunk ? left : kChunk);
  }
  return used;
}

int fail(const char *what, int utterance) {
  counting = false;
  fprintf(stderr, "utterance %d: %s\n", utterance, what);
  return 1;
}

// The stream's text, and how well it fits.
std::string result(const schatten_stream *stream) {
  return schatten_text(stream) + (" " + std::to_string(schatten_score(stream)));
}

schatten_stream *open(const schatten_model *model, const schatten_options &options) {
  char error[512];
  schatten_stream *stream = schatten_stream_open(model, &options, error, sizeof error);
  if (!stream) fprintf(stderr, "%s\n", error), exit(1);
  return stream;
}

// What a fresh stream makes of a sound.
std::string alone(const schatten_model *model, const schatten_options &options, const std::vector<int16_t> &sound) {
  schatten_stream *stream = open(model, options);
  accept(stream, sound);
  schatten_finish(stream);
  const std::string text = result(stream);
  if (schatten_word_count(stream) == 0) fprintf(stderr, "the model hears nothing\n"), exit(1);
  schatten_stream_close(stream);
  return text;
}

int run(const schatten_model *model, const schatten_options &options, int utterances) {
  schatten_stream *stream = open(model, options);
  const size_t length = accept(stream, std::vector<int16_t>(21 * 16000));
  schatten_stream_close(stream);
  std::vector<int16_t> sounds[kPatterns];
  std::string results[kPatterns];
  for (int i = 0; i < kPatterns; ++i) {
    sounds[i] = noise(length, static_cast<uint32_t>(i));
    results[i] = alone(model, options, sounds[i]);
  }
  stream = open(model, options);
  for (int i = 0; i < utterances; ++i) {
    counting = true;
    const size_t used = accept(stream, sounds[i % kPatterns]);
    counting = false;
    if (used != length) return fail("it has another length", i);
    if (allocations) return fail("memory was allocated", i);
    if (results[i % kPatterns] != result(stream)) return fail("it has another result than alone", i);
    schatten_restart(stream);
  }
  const double seconds = schatten_stream_statistics(stream).audio_seconds;
  schatten_stream_close(stream);
  printf("%.0f s in %d utterances, nothing allocated\n", seconds, utterances);
  return 0;
}

// An utterance without end, whose text needs memory at last, and there is none; then one as ever.
int run_out(const schatten_model *model, schatten_options options) {
  const std::vector<int16_t> sound = noise(20 * 16000, 1);
  const std::string expected = alone(model, options, sound);
  options.maximum_seconds = 0;
  schatten_stream *stream = open(model, options);
  exhausted = true;
  for (int i = 0; i < kUtterances && !schatten_ended(stream); ++i) accept(stream, sound);
  exhausted = false;
  const std::string problem = schatten_problem(stream);
  if (problem.empty() || !schatten_ended(stream) || schatten_word_count(stream)) return fail("memory did not run out", 0);
  schatten_finish(stream);
  if (accept(stream, sound) != 0 || *schatten_text(stream)) return fail("it goes on", 0);
  schatten_restart(stream);
  if (*schatten_problem(stream)) return fail("it still has a problem", 1);
  accept(stream, sound);
  schatten_finish(stream);
  if (result(stream) != expected) return fail("it has another result than alone", 1);
  schatten_stream_close(stream);
  printf("%s\n", problem.c_str());
  return 0;
}

int run_all(const schatten_model *model, const schatten_lm *lm) {
  schatten_options options;
  schatten_options_default(&options, sizeof options);
  options.maximum_seconds = 20;
  options.lm = lm;
  if (run(model, options, kUtterances)) return 1;
  if (!lm) return 0;
  if (run_out(model, options)) return 1;
  options.alternatives = 10;
  if (run(model, options, kFewUtterances)) return 1;
  options.beam_threshold = 300;
  options.token_beam = schatten_model_info(model).units;
  return run(model, options, kFewUtterances);
}

}  // namespace

int main(int argc, char **argv) {
  const Given given(argc, argv);
  if (!given) return 1;
  return run_all(given.model, given.lm);
}
