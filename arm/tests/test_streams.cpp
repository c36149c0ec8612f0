// Streams of one model, each in a thread of its own, give what they give alone: test_streams MODEL
// Built with the thread sanitizer it also shows that nothing they share is written.
#include <stdio.h>
#include <string.h>

#include <thread>
#include <vector>

#include "schatten.h"

namespace {

constexpr int kStreams = 4;

struct Result {
  uint64_t bits = 14695981039346656037u;  // of all log-probabilities, hashed (FNV-1a)
  size_t frames = 0;
};

void add(void *user, const float *values, int count) {
  Result &result = *static_cast<Result *>(user);
  ++result.frames;
  for (int i = 0; i < count; ++i) {
    uint32_t bits;
    memcpy(&bits, &values[i], sizeof bits);
    result.bits = (result.bits ^ bits) * 1099511628211u;
  }
}

// Opens a stream, gives it sound of its own and closes it.
Result recognise(const schatten_model *model, int number) {
  Result result;
  schatten_options options;
  schatten_options_default(&options);
  options.on_logprobs = add;
  options.user = &result;
  schatten_stream *stream = schatten_stream_open(model, &options, nullptr, 0);
  std::vector<int16_t> sound(24000);
  for (size_t i = 0; i < sound.size(); ++i) sound[i] = static_cast<int16_t>(i * (i >> 7) * static_cast<size_t>(number + 1));
  for (size_t at = 0; at < sound.size(); at += 800) schatten_accept(stream, sound.data() + at, 800);
  schatten_finish(stream);
  schatten_stream_close(stream);
  return result;
}

}  // namespace

int main(int, char **argv) {
  char error[512] = "give MODEL";
  schatten_model *model = argv[1] ? schatten_model_open(argv[1], error, sizeof error) : nullptr;
  if (!model) {
    fprintf(stderr, "%s\n", error);
    return 1;
  }
  Result together[kStreams];
  std::vector<std::thread> threads;
  for (int i = 0; i < kStreams; ++i) threads.emplace_back([&, i] { together[i] = recognise(model, i); });
  for (std::thread &thread : threads) thread.join();
  for (int i = 0; i < kStreams; ++i) {
    const Result alone = recognise(model, i);
    if (alone.frames == 0 || alone.frames != together[i].frames || alone.bits != together[i].bits) {
      fprintf(stderr, "stream %d gave other results beside the others than alone\n", i);
      return 1;
    }
  }
  schatten_model_close(model);
  printf("%d streams, %zu frames each\n", kStreams, together[0].frames);
  return 0;
}
