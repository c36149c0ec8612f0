// Decodes log-probabilities on standard input with the engine's search, as often as it is asked to:
//   decode_logprobs LM LEXICON LOOK_AHEAD [WORDS]
// LOOK_AHEAD may be empty; WORDS is a words file (schatten.h), whose words and phrases are searched too. Input: the number of units V and of utterances, the unit between words (0: none), the kind of the
// units and their names, each with a zero behind; then of each utterance its number of frames and frames * V floats. Numbers are 32-bit
// integers of this machine. Any number of searches may follow, each a line of text: LM_WEIGHT WORD_BONUS BEAM BEAM_THRESHOLD
// TOKEN_BEAM [TEMPERATURE...]. Output of a search: of each utterance its score, a tab, its words, and for each temperature a tab
// and the confidences of the words; where there is one, for each alternative a tab, its score, a blank, its text; at the end the CPU seconds of decoding, and
// what memory grew by since the utterances were read, in kilobytes. The files are loaded once: tuning searches with some ten
// weights.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <memory>
#include <string>
#include <vector>

#include "decoder.h"
#include "failure.h"
#include "output.h"
#include "text_file.h"

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

struct Wanted {
  schatten_options options;
  std::vector<double> temperatures;
};

// Reads the next search; false at the end of the input.
bool read_search(Wanted *search) {
  char line[4096];
  if (!fgets(line, sizeof line, stdin)) return false;
  schatten_options &options = search->options;
  schatten_options_default(&options, sizeof options);
  int used = 0;
  const int found = sscanf(line, "%lf %lf %d %lf %d%n", &options.lm_weight, &options.word_bonus, &options.beam,
                           &options.beam_threshold, &options.token_beam, &used);
  require(found == 5, "a search is LM_WEIGHT WORD_BONUS BEAM BEAM_THRESHOLD TOKEN_BEAM [TEMPERATURE...]");
  search->temperatures.clear();
  char *at = line + used, *end = at;
  for (double value; value = strtod(at, &end), end != at; at = end) search->temperatures.push_back(value);
  require(*(at + strspn(at, " \n")) == '\0', "a temperature is a number");
  options.alternatives = search->temperatures.empty() ? 0 : schatten::kMostAlternatives;
  return true;
}

// Prints the confidences for each temperature; where that is one, the alternatives too.
void print_posteriors(schatten::Decoder *decoder, const std::vector<double> &temperatures) {
  for (const double temperature : temperatures) {
    decoder->weigh(temperature);
    printf("\t");
    for (const schatten_word &word : decoder->words()) printf("%s%.6f", &word == decoder->words().data() ? "" : " ", word.confidence);
  }
  std::string text;
  for (size_t i = 0; temperatures.size() == 1 && i < decoder->alternatives(); ++i) {
    decoder->write_alternative(i, &text);
    printf("\t%.9g %s", decoder->alternative(i).score, text.c_str());
  }
}

// Prints what a search finds in each utterance; returns the CPU seconds.
double decode(schatten::Decoder *decoder, const std::vector<Utterance> &utterances, size_t units,
              const std::vector<double> &temperatures) {
  double seconds = 0;
  for (const Utterance &utterance : utterances) {
    const double start = now();
    decoder->reset(0);
    for (size_t at = 0; at < utterance.size(); at += units) decoder->push(utterance.data() + at);
    decoder->finish();
    seconds += now() - start;
    printf("%.9g\t%s", decoder->score(), decoder->text().c_str());
    print_posteriors(decoder, temperatures);
    printf("\n");
  }
  return seconds;
}

void run(char **argument) {
  int32_t sizes[3];
  read(sizes, 3);
  require(sizes[2] >= 0 && sizes[2] < sizes[0], "the unit between words is none of the units");
  schatten::Units units{schatten::kind_of_units(read_name()), {}, sizes[2]};
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
  const std::string words_file = argument[3] ? argument[3] : "";
  const std::string lines = words_file.empty() ? "" : schatten::content_of(words_file, "give a words file");
  for (Wanted search; read_search(&search);) {
    std::unique_ptr<schatten::Decoder> decoder;
    try {
      decoder = lm->decoder(search.options, units, 1.0, words_file.empty() ? nullptr : &lines);
    } catch (const schatten::Error &error) {
      if (words_file.empty()) throw;
      throw schatten::Error(words_file + ": " + error.what());
    }
    const double seconds = decode(decoder.get(), utterances, width, search.temperatures);
    printf("%.6f\t%ld\n", seconds, memory() - before);
    schatten::require_written();
  }
}

}  // namespace

int main(int argc, char **argv) {
  return schatten::guarded_main("decode_logprobs", [&] {
    require(argc == 4 || argc == 5, "give LM LEXICON LOOK_AHEAD [WORDS]");
    run(argv + 1);
    return 0;
  });
}
