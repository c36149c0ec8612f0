// Decodes log-probabilities on standard input with the engine's search:
//   decode_logprobs LM LEXICON LOOK_AHEAD LM_WEIGHT WORD_BONUS BEAM BEAM_THRESHOLD TOKEN_BEAM
// LOOK_AHEAD may be empty. Input: the number of units V and of utterances, the unit between words (0: none), the names of the
// units, each with a zero behind; then of each utterance its number of frames and frames * V floats. Numbers are 32-bit
// integers of this machine. Output: of each utterance its score, a tab, its words; at the end the seconds of decoding, and
// what memory grew by meanwhile and while the language model was opened, in kilobytes.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <string>
#include <vector>

#include "decoder.h"
#include "failure.h"

namespace {

using schatten::require;

double now() {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Peak memory of this program in kilobytes.
long memory() {
  long kilobytes = 0;
  FILE *file = fopen("/proc/self/status", "r");
  for (char line[256]; file && fgets(line, sizeof line, file);) sscanf(line, "VmHWM: %ld", &kilobytes);
  if (file) fclose(file);
  return kilobytes;
}

template <class T>
void read(T *values, size_t count) {
  require(fread(values, sizeof(T), count, stdin) == count, "the input ends early");
}

std::string read_name() {
  std::string name;
  for (char letter; read(&letter, 1), letter != '\0';) name += letter;
  return name;
}

schatten_options parse(char **argument) {
  schatten_options options{};
  options.lm_weight = atof(argument[0]);
  options.word_bonus = atof(argument[1]);
  options.beam = atoi(argument[2]);
  options.beam_threshold = atof(argument[3]);
  options.token_beam = atoi(argument[4]);
  return options;
}

void run(char **argument) {
  int32_t sizes[3];
  read(sizes, 3);
  require(sizes[2] >= 0 && sizes[2] < sizes[0], "the unit between words is none of the units");
  schatten::Units units{sizes[2] ? schatten::Units::kCharacters : schatten::Units::kPhones, {}, sizes[2]};
  for (int i = 0; i < sizes[0]; ++i) units.names.push_back(read_name());
  const long before = memory();
  const schatten_lm_files files{argument[0], argument[1], argument[2][0] ? argument[2] : nullptr, nullptr};
  const auto lm = schatten::open_language_model(files, units);
  const auto decoder = lm->decoder(parse(argument + 3), 1.0);
  const size_t width = units.names.size();
  double seconds = 0;
  std::vector<float> frames;
  for (int i = 0; i < sizes[1]; ++i) {
    int32_t count;
    read(&count, 1);
    frames.resize(static_cast<size_t>(count) * width);
    read(frames.data(), frames.size());
    const double start = now();
    decoder->reset(0);
    for (int t = 0; t < count; ++t) decoder->push(frames.data() + static_cast<size_t>(t) * width);
    decoder->finish();
    seconds += now() - start;
    printf("%.9g\t%s\n", decoder->score(), decoder->text().c_str());
  }
  printf("%.6f\t%ld\n", seconds, memory() - before);
}

}  // namespace

int main(int argc, char **argv) {
  try {
    require(argc == 9, "give LM LEXICON LOOK_AHEAD LM_WEIGHT WORD_BONUS BEAM BEAM_THRESHOLD TOKEN_BEAM");
    run(argv + 1);
  } catch (const std::exception &error) {
    fprintf(stderr, "decode_logprobs: %s\n", error.what());
    return 1;
  }
  return 0;
}
