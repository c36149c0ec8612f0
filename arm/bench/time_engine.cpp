// Times the engine on noise, in chunks of four output frames, as its rivals are timed (schatten.device.rival):
//   time_engine MODEL
// First prints "LOAD_SECONDS GROWN_BYTES PEAK_BYTES": CPU time, and the memory that was added by the model and a first second
// of sound; then, for every line N on standard input, the least microseconds of CPU time that one of N chunks took, from
// samples to text.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <vector>

#include "output.h"
#include "schatten.h"

namespace {

constexpr int kBatch = 4;

double now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Bytes by that name in the process's status: VmRSS is held now, VmHWM was held at most.
double memory(const char *name) {
  char line[256];
  double kilobytes = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file)) {
    if (strncmp(line, name, strlen(name)) == 0) kilobytes = atof(line + strlen(name) + 1);
  }
  if (file) fclose(file);
  return kilobytes * 1024;
}

std::vector<int16_t> noise(size_t count) {
  std::vector<int16_t> samples(count);
  uint32_t state = 1;
  for (int16_t &sample : samples) {
    state = state * 1664525u + 1013904223u;
    sample = static_cast<int16_t>(static_cast<int32_t>(state >> 18) - 8192);
  }
  return samples;
}

int run(char **argv) {
  const double before = memory("VmRSS"), start = now(CLOCK_PROCESS_CPUTIME_ID);
  char error[512] = "give MODEL";
  schatten_model *model = argv[1] ? schatten_model_open(argv[1], error, sizeof error) : nullptr;
  schatten_options options;
  schatten_options_default(&options, sizeof options);
  options.batch_frames = kBatch;
  schatten_stream *stream = model ? schatten_stream_open(model, &options, error, sizeof error) : nullptr;
  if (!stream) {
    fprintf(stderr, "time_engine: %s\n", error);
    return 1;
  }
  const double loading = now(CLOCK_PROCESS_CPUTIME_ID) - start;
  const std::vector<int16_t> second = noise(16000);
  schatten_accept(stream, second.data(), second.size());
  printf("%.6f %.0f %.0f\n", loading, memory("VmRSS") - before, memory("VmHWM") - before);
  schatten::require_written();
  const size_t chunk = static_cast<size_t>(kBatch * schatten_model_info(model).seconds_per_frame * 16000 + 0.5);
  int count;
  while (scanf("%d", &count) == 1) {
    double least = 1e9;
    for (int i = 0; i < count; ++i) {
      const double from = now(CLOCK_PROCESS_CPUTIME_ID);
      schatten_accept(stream, second.data() + static_cast<size_t>(i) % 3 * chunk, chunk);
      least = std::min(least, now(CLOCK_PROCESS_CPUTIME_ID) - from);
    }
    printf("%.3f\n", least * 1e6);
    schatten::require_written();
  }
  schatten_stream_close(stream);
  schatten_model_close(model);
  return 0;
}

}  // namespace

int main(int, char **argv) {
  return schatten::guarded_main("time_engine", [&] { return run(argv); });
}
