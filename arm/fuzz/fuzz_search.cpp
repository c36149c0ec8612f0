// Any bytes as a lexicon, options of a search and log-probabilities: refused in one sentence, or words that the lexicon has,
// in order of time, and the same ones when they are searched again or shown at other times. Nothing else may happen.
#include <math.h>
#include <stdlib.h>

#include <set>
#include <string>
#include <vector>

#include "../engine/decoder.h"
#include "../engine/failure.h"
#include "input.h"
#include "small_lm.h"

namespace {

using schatten::Units;

constexpr size_t kMostFrames = 300;

Units units(int kind) {
  std::vector<std::string> names{"<blank>", " ", "a", "b", "c"};
  if (kind == 0) return {Units::kCharacters, names, 1};
  if (kind == 1) return {Units::kPhones, names, 0};
  names.insert(names.end(), {"ab", "ba", "aba"});
  return {Units::kGrams, names, 1};
}

schatten_options options(Bytes *bytes) {
  schatten_options found;
  schatten_options_default(&found, sizeof found);
  found.beam = bytes->next();
  found.token_beam = bytes->next() % 8;
  found.beam_threshold = bytes->next();
  found.lm_weight = bytes->next() / 32.0 - 0.5;
  found.word_bonus = bytes->next() / 16.0 - 8;
  return found;
}

// Words of the first fields of a lexicon's lines.
std::set<std::string> words_of(const std::string &lexicon) {
  std::set<std::string> found;
  for (size_t at = lexicon.compare(0, 3, "\xEF\xBB\xBF") ? 0 : 3, end; at < lexicon.size(); at = end + 1) {
    end = std::min(lexicon.find('\n', at), lexicon.size());
    found.insert(lexicon.substr(at, lexicon.find('\t', at) - at));
  }
  return found;
}

void check(const schatten::Decoder &decoder, const std::set<std::string> &known, double seconds) {
  double before = 0;
  size_t letters = 0;
  for (const schatten_word &word : decoder.words()) {
    const size_t offset = static_cast<size_t>(word.offset), length = static_cast<size_t>(word.length);
    if (offset + length > decoder.text().size() || !known.count(decoder.text().substr(offset, length))) abort();
    if (!(before <= word.start && word.start <= word.end && word.end <= seconds)) abort();
    before = word.start;
    letters += length + 1;
  }
  if (letters != decoder.text().size() + !decoder.words().empty()) abort();
  if (isnan(decoder.score()) || decoder.score() == HUGE_VAL || decoder.silent_frames() < 0) abort();
}

// Pushes frames, each of which a byte may follow by a look at the text; returns the final text.
std::string decode(schatten::Decoder *decoder, const std::vector<float> &frames, size_t count, bool looks,
                   const std::set<std::string> &known) {
  decoder->reset(0);
  for (size_t at = 0; at < frames.size(); at += count) {
    decoder->push(frames.data() + at);
    if (!looks) continue;
    decoder->refresh();
    check(*decoder, known, static_cast<double>(at / count + 1));
  }
  decoder->finish();
  check(*decoder, known, static_cast<double>(frames.size() / count));
  return decoder->text();
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Bytes bytes(data, size);
  const int kind = bytes.next() % 3;
  const schatten_options search = options(&bytes);
  const std::string lexicon = bytes.text();
  std::vector<float> frames;
  const Units own = units(kind);
  const size_t count = own.names.size();
  while (bytes.left() >= count && frames.size() < kMostFrames * count) {
    for (size_t i = 0; i < count; ++i) {
      const uint8_t byte = bytes.next();
      frames.push_back(byte == 255 ? -INFINITY : static_cast<float>(byte) / -16);
    }
  }
  try {
    const std::string path = file_of(reinterpret_cast<const uint8_t *>(lexicon.data()), lexicon.size());
    const auto lm = schatten::open_language_model({small_lm().c_str(), path.c_str(), nullptr, nullptr}, own);
    try {
      lm->decoder(search, units((kind + 1) % 3), 1.0, nullptr);
      abort();  // a language model of other units
    } catch (const schatten::Error &) {
    }
    const std::set<std::string> known = words_of(lexicon);
    const auto decoder = lm->decoder(search, own, 1.0, nullptr);
    const std::string text = decode(decoder.get(), frames, count, false, known);
    if (decode(decoder.get(), frames, count, true, known) != text) abort();
    for (size_t at = 0; at < frames.size(); at += count) {  // what a stream that idles does
      decoder->push(frames.data() + at);
      if (!decoder->has_begun()) decoder->forget();
    }
    if (decode(decoder.get(), frames, count, false, known) != text) abort();
  } catch (const schatten::Error &) {
  }
  return 0;
}
