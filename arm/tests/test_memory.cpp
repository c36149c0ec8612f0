// An hour of sound on one stream, cut into utterances of twenty seconds: test_memory MODEL
// Nothing is allocated after the first utterances, and every utterance has the text that a fresh stream gives it.
#include <stdio.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "schatten.h"

namespace {

long allocations = 0;
bool counting = false;

void count() {
  if (counting) ++allocations;
}

}  // namespace

// The C library's allocation with a count; new comes here too.
extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void *malloc(size_t size) { return count(), __libc_malloc(size); }
void *calloc(size_t number, size_t size) { return count(), __libc_calloc(number, size); }
void *realloc(void *memory, size_t size) { return count(), __libc_realloc(memory, size); }
void *aligned_alloc(size_t alignment, size_t size) { return count(), __libc_memalign(alignment, size); }
}

namespace {

constexpr int kUtterances = 180, kPatterns = 3;
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

int run(const schatten_model *model) {
  schatten_options options;
  schatten_options_default(&options);
  options.maximum_seconds = 20;
  char error[512];
  const auto open = [&] { return schatten_stream_open(model, &options, error, sizeof error); };
  schatten_stream *stream = open();
  const size_t length = accept(stream, std::vector<int16_t>(21 * 16000));
  schatten_stream_close(stream);
  std::vector<int16_t> sounds[kPatterns];
  std::string texts[kPatterns];
  size_t letters = 0;
  for (int i = 0; i < kPatterns; ++i) {
    sounds[i] = noise(length, static_cast<uint32_t>(i));
    stream = open();
    accept(stream, sounds[i]);
    texts[i] = schatten_text(stream);
    letters += texts[i].size();
    schatten_stream_close(stream);
  }
  if (letters == 0) return fail("the model hears nothing", 0);
  stream = open();
  for (int i = 0; i < kUtterances; ++i) {
    counting = i >= kPatterns;
    if (accept(stream, sounds[i % kPatterns]) != length) return fail("it has another length", i);
    if (texts[i % kPatterns] != schatten_text(stream)) return fail("it has another text than alone", i);
    schatten_restart(stream);
  }
  counting = false;
  if (allocations) return fail("memory was allocated", kUtterances);
  const double seconds = schatten_stream_statistics(stream).audio_seconds;
  schatten_stream_close(stream);
  printf("%.0f s, %zu letters in %d utterances, nothing allocated\n", seconds, letters, kPatterns);
  return 0;
}

}  // namespace

int main(int, char **argv) {
  char error[512] = "give MODEL";
  schatten_model *model = argv[1] ? schatten_model_open(argv[1], error, sizeof error) : nullptr;
  if (!model) {
    fprintf(stderr, "%s\n", error);
    return 1;
  }
  const int status = run(model);
  schatten_model_close(model);
  return status;
}
