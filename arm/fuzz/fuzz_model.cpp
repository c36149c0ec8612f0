// Any bytes as a model: refused in one sentence, or it runs on a fifth of a second of sound. Nothing else may happen.
#include <string.h>

#include <vector>

#include "input.h"
#include "schatten.h"

namespace {

void run(const schatten_model *model) {
  char error[256];
  schatten_options options;
  schatten_options_default(&options, sizeof options);
  schatten_stream *stream = schatten_stream_open(model, &options, error, sizeof error);
  if (!stream) return;
  std::vector<int16_t> sound(3200);
  for (size_t i = 0; i < sound.size(); ++i) sound[i] = static_cast<int16_t>(i * 7919);
  schatten_accept(stream, sound.data(), sound.size());
  schatten_finish(stream);
  schatten_text(stream);
  schatten_stream_close(stream);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char error[256] = "";
  schatten_model *model = schatten_model_open(file_of(data, size).c_str(), error, sizeof error);
  if (!model && strlen(error) == 0) abort();  // refused, but nothing said
  if (model) run(model);
  // In memory it is the same model; there, a byte behind its end that is read is found too.
  schatten_model *const in_memory = schatten_model_open_memory(data, size, error, sizeof error);
  if (!model != !in_memory) abort();
  schatten_model_close(in_memory);
  schatten_model_close(model);
  return 0;
}
