// What was recognised, as text, JSON or subtitles.
#ifndef SCHATTEN_ENGINE_RESULTS_H
#define SCHATTEN_ENGINE_RESULTS_H

#include <string>

#include "commands.h"
#include "schatten.h"

namespace schatten {

// Prints utterances to standard output.
class Results {
 public:
  enum Format { kText, kJson, kSrt, kVtt };

  // The format of that name; throws Error.
  static Format format(const std::string &name);

  // alternatives: JSON has the confidences of words, and texts beside the best; evidence: and how sure the model is. commands:
  // JSON has the nearest one; may be null.
  Results(Format format, bool alternatives, bool evidence, const Commands *commands)
      : format_(format), alternatives_(alternatives), evidence_(evidence), commands_(commands) {}

  bool is_json() const { return format_ == kJson; }
  // Whether the output is subtitles, of one recording, with nothing else in it.
  bool is_subtitles() const { return format_ == kSrt || format_ == kVtt; }

  void begin() const;
  // Prints the utterance that a stream has ended; `name`: of its file, empty for standard input.
  void print(const std::string &name, const schatten_stream *stream);

 private:
  void print_json(const std::string &name, const schatten_stream *stream) const;
  void print_subtitles(const schatten_stream *stream);
  void print_cue(const std::string &text, double start, double end);

  const Format format_;
  const bool alternatives_, evidence_;
  const Commands *const commands_;
  int cues_ = 0;
};

}  // namespace schatten
#endif
