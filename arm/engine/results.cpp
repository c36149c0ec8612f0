#include "results.h"

#include <math.h>
#include <stdio.h>

#include <algorithm>

#include "failure.h"
#include "json.h"
#include "utf8.h"

namespace schatten {

namespace {

// What is usual for subtitles: two lines of 42 letters, for at most seven seconds; a new one after a pause of a second.
constexpr size_t kLettersInLine = 42, kLines = 2;
constexpr double kLongestCue = 7, kPause = 1;

std::string word_of(const schatten_stream *stream, const schatten_word &word) {
  return {schatten_text(stream) + word.offset, static_cast<size_t>(word.length)};
}

size_t letters_in(const std::string &text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); at += std::max<size_t>(1, utf8_letter(text, at))) ++count;
  return count;
}

// A text in lines of subtitles, as few as hold it.
std::string in_lines(const std::string &text) {
  std::string lines;
  size_t length = 0;
  for (size_t at = 0, end; at < text.size(); at = end + 1) {
    end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    const size_t letters = letters_in(word);
    const bool fits = length == 0 || length + 1 + letters <= kLettersInLine;
    if (!lines.empty()) lines += fits ? ' ' : '\n';
    length = fits ? length + (length > 0) + letters : letters;
    lines += word;
  }
  return lines;
}

// Whether a text needs no more lines than a subtitle has.
bool fits_cue(const std::string &text) {
  const std::string lines = in_lines(text);
  return static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n')) < kLines;
}

std::string time_of(double seconds, char point) {
  const long long all = llround(seconds * 1000);
  char text[40];
  snprintf(text, sizeof text, "%02lld:%02lld:%02lld%c%03lld", all / 3600000, all / 60000 % 60, all / 1000 % 60, point, all % 1000);
  return text;
}

// WebVTT takes these for marks of its own.
std::string escaped(const std::string &text) {
  std::string found;
  for (const char letter : text) found += letter == '&' ? "&amp;" : letter == '<' ? "&lt;" : letter == '>' ? "&gt;" : std::string(1, letter);
  return found;
}

}  // namespace

Results::Format Results::format(const std::string &name) {
  const std::string names[] = {"text", "json", "srt", "vtt"};
  const auto found = std::find(std::begin(names), std::end(names), name);
  require(found != std::end(names), "--format is text, json, srt or vtt, not `" + name + "`");
  return static_cast<Format>(found - std::begin(names));
}

void Results::begin() const {
  if (format_ == kVtt) printf("WEBVTT\n\n");
}

void Results::print(const std::string &name, const schatten_stream *stream) {
  if (is_subtitles()) return print_subtitles(stream);
  if (is_json()) return print_json(name, stream);
  printf("%s%s%s\n", name.c_str(), name.empty() ? "" : " ", schatten_text(stream));
}

void Results::print_json(const std::string &name, const schatten_stream *stream) const {
  printf("{\"file\": %s, \"text\": %s, \"words\": [", json_string(name).c_str(), json_string(schatten_text(stream)).c_str());
  const schatten_word *words = schatten_words(stream);
  for (int i = 0; i < schatten_word_count(stream); ++i) {
    printf("%s{\"word\": %s, \"start\": %.3f, \"end\": %.3f", i ? ", " : "", json_string(word_of(stream, words[i])).c_str(),
           words[i].start, words[i].end);
    if (alternatives_ && words[i].confidence >= 0) printf(", \"confidence\": %.4f", words[i].confidence);
    printf("}");
  }
  printf("]");
  if (evidence_) printf(", \"evidence\": %.4f", schatten_evidence(stream));
  if (alternatives_) {
    printf(", \"alternatives\": [");
    for (int i = 0; i < schatten_alternative_count(stream); ++i) {
      const schatten_scored one = schatten_alternative(stream, i);
      printf("%s{\"text\": %s, \"score\": %.4f, \"posterior\": %.6f}", i ? ", " : "", json_string(one.text).c_str(), one.score,
             one.posterior);
    }
    printf("]");
  }
  if (commands_) printf(", \"command\": %s", commands_->json(schatten_text(stream)).c_str());
  printf("}\n");
}

void Results::print_subtitles(const schatten_stream *stream) {
  const schatten_word *words = schatten_words(stream);
  const int count = schatten_word_count(stream);
  for (int first = 0, end; first < count; first = end) {
    std::string text = word_of(stream, words[first]);
    for (end = first + 1; end < count; ++end) {
      const std::string longer = text + " " + word_of(stream, words[end]);
      const bool is_late = words[end].end - words[first].start > kLongestCue || words[end].start - words[end - 1].end > kPause;
      if (is_late || !fits_cue(longer)) break;
      text = longer;
    }
    print_cue(text, words[first].start, words[end - 1].end);
  }
}

void Results::print_cue(const std::string &text, double start, double end) {
  const char point = format_ == kSrt ? ',' : '.';
  const std::string lines = in_lines(text);
  if (format_ == kSrt) printf("%d\n", ++cues_);
  printf("%s --> %s\n%s\n\n", time_of(start, point).c_str(), time_of(end, point).c_str(),
         (format_ == kVtt ? escaped(lines) : lines).c_str());
}

}  // namespace schatten
