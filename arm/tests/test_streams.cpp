// Streams of one model, each in a thread of its own, give what they give alone: test_streams MODEL [LM LEXICON]
// Built with the thread sanitizer it also shows that nothing they share is written.
#include <stdio.h>
#include <string.h>

#include <string>
#include <thread>
#include <vector>

#include "given.h"
#include "schatten.h"

namespace {

constexpr int kStreams = 4;

struct Result {
  uint64_t bits = 14695981039346656037u;  // of all log-probabilities, hashed (FNV-1a)
  size_t frames = 0;
  std::string text;
  double score = 0;

  bool operator==(const Result &other) const {
    return bits == other.bits && frames == other.frames && text == other.text && score == other.score;
  }
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
Result recognise(const schatten_model *model, const schatten_lm *lm, int number) {
  Result result;
  schatten_options options;
  schatten_options_default(&options, sizeof options);
  options.on_logprobs = add;
  options.user = &result;
  options.lm = lm;
  schatten_stream *stream = schatten_stream_open(model, &options, nullptr, 0);
  std::vector<int16_t> sound(24000);
  for (size_t i = 0; i < sound.size(); ++i) sound[i] = static_cast<int16_t>(i * (i >> 7) * static_cast<size_t>(number + 1));
  for (size_t at = 0; at < sound.size(); at += 800) schatten_accept(stream, sound.data() + at, 800);
  schatten_finish(stream);
  result.text = schatten_text(stream);
  result.score = schatten_score(stream);
  schatten_stream_close(stream);
  return result;
}

}  // namespace

int main(int argc, char **argv) {
  const Given given(argc, argv);
  if (!given) return 1;
  Result together[kStreams];
  std::vector<std::thread> threads;
  for (int i = 0; i < kStreams; ++i) threads.emplace_back([&, i] { together[i] = recognise(given.model, given.lm, i); });
  for (std::thread &thread : threads) thread.join();
  for (int i = 0; i < kStreams; ++i) {
    if (together[i].text.empty() || !(together[i] == recognise(given.model, given.lm, i))) {
      fprintf(stderr, "stream %d gave other results beside the others than alone, or none\n", i);
      return 1;
    }
  }
  printf("%d streams, %zu frames each, %zu letters in the first\n", kStreams, together[0].frames, together[0].text.size());
  return 0;
}
