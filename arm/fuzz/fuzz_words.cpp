// Any bytes as a words file, in a search over a small lexicon: refused in one sentence, or words that the lexicon or the file
// has, the same ones when they are searched again, and alternatives of which the first is the text. Nothing else may happen.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "../engine/decoder.h"
#include "../engine/failure.h"
#include "input.h"
#include "small_lm.h"

namespace {

using schatten::Units;

constexpr size_t kMostFrames = 100;
constexpr const char *kLexicon = "a\ta\nb\tb\nab\ta b\nba\tb a\nba\tb\ncab\tc a b\n";

Units units(int kind) {
  std::vector<std::string> names{"<blank>", " ", "a", "b", "c"};
  if (kind == 0) return {Units::kPhones, names, 0};
  if (kind == 1) return {Units::kCharacters, names, 1};
  names.insert(names.end(), {"ab", "ba", "cab"});
  return {Units::kGrams, names, 1};
}

const schatten_lm &opened(int kind, const std::string &lexicon) {
  static std::unique_ptr<schatten_lm> models[3];
  if (!models[kind]) models[kind] = schatten::open_language_model({small_lm().c_str(), lexicon.c_str(), nullptr, nullptr}, units(kind));
  return *models[kind];
}

// Words that may be found: those of the lexicon, and all in the first columns.
std::set<std::string> words_of(const std::string &lines) {
  std::set<std::string> found{"a", "b", "ab", "ba", "cab"};
  for (size_t at = lines.compare(0, 3, "\xEF\xBB\xBF") ? 0 : 3, end; at < lines.size(); at = end + 1) {
    end = std::min(lines.find('\n', at), lines.size());
    std::string line = lines.substr(at, end - at);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    line = line.substr(0, line.find('\t'));
    for (size_t from = 0, to; from < line.size(); from = to + 1) {
      to = std::min(line.find(' ', from), line.size());
      found.insert(line.substr(from, to - from));
    }
  }
  return found;
}

void check(const schatten::Decoder &decoder, const std::set<std::string> &known) {
  for (const schatten_word &word : decoder.words()) {
    if (!known.count(decoder.text().substr(static_cast<size_t>(word.offset), static_cast<size_t>(word.length)))) abort();
    if (!(word.confidence == -1 || (word.confidence > 0 && word.confidence <= 1))) abort();
    if (word.start > word.end) abort();
  }
  if (isnan(decoder.score()) || decoder.score() == HUGE_VAL) abort();
}

std::string decode(schatten::Decoder *decoder, const std::vector<float> &frames, size_t count, const std::set<std::string> &known) {
  decoder->reset(0);
  for (size_t at = 0; at < frames.size(); at += count) {
    decoder->push(frames.data() + at);
    decoder->refresh();
    check(*decoder, known);
  }
  decoder->finish();
  check(*decoder, known);
  std::string first;
  double posteriors = 0;
  for (size_t i = 0; i < decoder->alternatives(); ++i) {
    std::string text;
    decoder->write_alternative(i, &text);
    if (i == 0) first = text;
    if (i > 0 && (text == first || decoder->alternative(i).score > decoder->alternative(i - 1).score)) abort();
    posteriors += decoder->alternative(i).posterior;
  }
  if (decoder->alternatives() && (first != decoder->text() || posteriors > 1.001)) abort();
  return decoder->text();
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Bytes bytes(data, size);
  const int kind = bytes.next() % 3;
  const Units own = units(kind);
  schatten_options options;
  schatten_options_default(&options, sizeof options);
  options.beam = 1 + bytes.next();
  options.lm_weight = bytes.next() / 64.0;
  options.alternatives = bytes.next() % 101;
  const std::string lines = bytes.text();
  std::vector<float> frames;
  const size_t count = own.names.size();
  while (bytes.left() >= count && frames.size() < kMostFrames * count) {
    for (size_t i = 0; i < count; ++i) frames.push_back(static_cast<float>(bytes.next()) / -16);
  }
  const std::string lexicon = file_of(reinterpret_cast<const uint8_t *>(kLexicon), strlen(kLexicon));
  const schatten_lm &lm = opened(kind, lexicon);
  try {
    const auto decoder = lm.decoder(options, own, 1.0, &lines);
    const std::set<std::string> known = words_of(lines);
    const std::string text = decode(decoder.get(), frames, count, known);
    if (decode(decoder.get(), frames, count, known) != text) abort();
  } catch (const schatten::Error &error) {
    if (!*error.what() || strchr(error.what(), '\n')) abort();
  }
  return 0;
}
