// Writes the log-probabilities of a raw PCM file as the bits of floats, to compare builds and CPUs:
//   print_logprobs MODEL PCM CHUNK
// CHUNK is how many samples are given to the engine at a time.
#include <stdio.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "output.h"
#include "schatten.h"

namespace {

void write(void *, const float *values, int count) { fwrite(values, sizeof(float), static_cast<size_t>(count), stdout); }

int run(int argc, char **argv) {
  char error[512] = "give MODEL PCM CHUNK";
  schatten_model *model = argc == 4 ? schatten_model_open(argv[1], error, sizeof error) : nullptr;
  FILE *file = model ? fopen(argv[2], "rb") : nullptr;
  if (!file) {
    fprintf(stderr, "%s\n", model ? "the PCM file cannot be opened" : error);
    return 1;
  }
  schatten_options options;
  schatten_options_default(&options, sizeof options);
  options.on_logprobs = write;
  schatten_stream *stream = schatten_stream_open(model, &options, error, sizeof error);
  std::vector<int16_t> chunk(static_cast<size_t>(atoi(argv[3])));
  while (const size_t count = fread(chunk.data(), sizeof(int16_t), chunk.size(), file)) {
    schatten_accept(stream, chunk.data(), count);
    schatten::require_written();
  }
  schatten_finish(stream);
  const std::string problem = schatten_problem(stream);
  schatten_stream_close(stream);
  schatten_model_close(model);
  fclose(file);
  if (!problem.empty()) fprintf(stderr, "%s\n", problem.c_str());
  return problem.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char **argv) {
  return schatten::guarded_main("print_logprobs", [&] { return run(argc, argv); });
}
