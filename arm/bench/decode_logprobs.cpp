// Decodes log-probabilities on standard input with the engine's search, as often as it is asked to:
//   decode_logprobs LM LEXICON LOOK_AHEAD
// LOOK_AHEAD may be empty. Input: the number of units V and of utterances, the unit between words (0: none), the names of the
// units, each with a zero behind; then of each utterance its number of frames and frames * V floats. Numbers are 32-bit
// integers of this machine. Any number of searches may follow, each a line of text: LM_WEIGHT WORD_BONUS BEAM BEAM_THRESHOLD
// TOKEN_BEAM. Output of a search: of each utterance its score, a tab, its words; at the end the CPU seconds of decoding, and
// what memory grew by since the utterances were read, in kilobytes. The files are loaded once: tuning searches with some ten
// weights.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <string>
#include <vector>

#include "decoder.h"
#include "failure.h"
#include "output.h"

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

using Utterance = std::vector<float>;  // frames * V log-probabilities

// Reads the next search; false at the end of the input.
bool read_options(schatten_options *options) {
  schatten_options_default(options, sizeof *options);
  const int found = scanf("%lf %lf %d %lf %d", &options->lm_weight, &options->word_bonus, &options->beam,
                          &options->beam_threshold, &options->token_beam);
  require(found == 5 || found == EOF, "a search is LM_WEIGHT WORD_BONUS BEAM BEAM_THRESHOLD TOKEN_BEAM");
  return found == 5;
}

// Prints each utterance's score and words; returns the CPU seconds.
double decode(schatten::Decoder *decoder, const std::vector<Utterance> &utterances, size_t units) {
  double seconds = 0;
  for (const Utterance &utterance : utterances) {
    const double start = now();
    decoder->reset(0);
    for (size_t at = 0; at < utterance.size(); at += units) decoder->push(utterance.data() + at);
    decoder->finish();
    seconds += now() - start;
    printf("%.9g\t%s\n", decoder->score(), decoder->text().c_str());
  }
  return seconds;
}

void run(char **argument) {
  int32_t sizes[3];
  read(sizes, 3);
  require(sizes[2] >= 0 && sizes[2] < sizes[0], "the unit between words is none of the units");
  schatten::Units units{sizes[2] ? schatten::Units::kCharacters : schatten::Units::kPhones, {}, sizes[2]};
  for (int i = 0; i < sizes[0]; ++i) units.names.push_back(read_name());
  const size_t width = units.names.size();
  std::vector<Utterance> utterances;
  for (int i = 0; i < sizes[1]; ++i) {
    int32_t frames;
    read(&frames, 1);
    utterances.emplace_back(static_cast<size_t>(frames) * width);
    read(utterances.back().data(), utterances.back().size());
  }
  const long before = memory();
  const schatten_lm_files files{argument[0], argument[1], argument[2][0] ? argument[2] : nullptr, nullptr};
  const auto lm = schatten::open_language_model(files, units);
  const schatten_vocabulary words = lm->vocabulary();
  if (2 * static_cast<int64_t>(words.known) < words.words) {
    fprintf(stderr, "%s knows %d of the %d words of %s; the others are hardly ever found: make both of one text\n", argument[0],
            words.known, words.words, argument[1]);
  }
  for (schatten_options options; read_options(&options);) {
    const double seconds = decode(lm->decoder(options, units, 1.0).get(), utterances, width);
    printf("%.6f\t%ld\n", seconds, memory() - before);
    schatten::require_written();
  }
}

}  // namespace

int main(int argc, char **argv) {
  return schatten::guarded_main("decode_logprobs", [&] {
    require(argc == 4, "give LM LEXICON LOOK_AHEAD");
    run(argv + 1);
    return 0;
  });
}
