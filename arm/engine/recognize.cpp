// schatten-recognize: files of sound, standard input or a microphone, to text.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "arguments.h"
#include "clock.h"
#include "failure.h"
#include "json.h"
#include "live.h"
#include "microphone.h"
#include "output.h"
#include "results.h"
#include "schatten.h"
#include "sound.h"
#include "text_file.h"

namespace {

using schatten::Arguments;
using schatten::Error;
using schatten::json_string;
using schatten::now;
using schatten::require;
using schatten::require_written;
using schatten::Sound;

constexpr size_t kChunk = 160;

// The mean of what was measured.
struct Mean {
  double sum = 0;
  int count = 0;
  void add(double value) { sum += value, ++count; }
  double value() const { return count ? sum / count : 0; }
};

bool is_gated(const schatten_options &options) { return options.gate_decibels > 0 || options.gate_evidence > 0; }

// Recognises what it is given and prints utterances as they end.
class Session {
 public:
  Session(const schatten_model *model, const Arguments &arguments)
      : arguments_(arguments),
        commands_(arguments.commands.empty() ? nullptr : new schatten::Commands(arguments.commands)),
        results_(arguments.format, arguments.options.alternatives > 0, is_gated(arguments.options), commands_.get()) {
    char error[512];
    stream_.reset(schatten_stream_open(model, &arguments.options, error, sizeof error));
    require(stream_ != nullptr, stream_ ? "" : error);
    if (!arguments.words.empty()) {
      const std::string words = schatten::content_of(arguments.words, "give a file of words");
      const bool is_taken = schatten_stream_words(stream_.get(), words.data(), words.size(), error, sizeof error);
      require(is_taken, arguments.words + ": " + error);
    }
    results_.begin();
  }

  void accept(const int16_t *samples, size_t count, const std::string &name) {
    while (count > 0) {
      const double start = now();
      const size_t used = schatten_accept(stream_.get(), samples, count);
      accepting_ = now() - start;
      require_none(schatten_problem(stream_.get()), name);
      samples += used;
      count -= used;
      note_first(accepting_);
      if (arguments_.partial) show_partial();
      if (schatten_ended(stream_.get())) end(name, false, accepting_);
    }
  }

  // Ends an utterance, and prints it; silence between utterances is not printed.
  void finish(const std::string &name, bool even_if_empty) {
    const double start = now();
    schatten_finish(stream_.get());
    require_none(schatten_problem(stream_.get()), name);
    const double seconds = accepting_ + now() - start;
    note_first(seconds);
    end(name, even_if_empty, seconds);
  }

  // Over the utterances that were printed: seconds from the beginning of the first word to the first text, as if the sound
  // came in real time, and from when the last samples were there to the final text.
  const Mean &first() const { return first_; }
  const Mean &final() const { return final_; }
  const schatten::Results &results() const { return results_; }
  schatten_statistics statistics() const { return schatten_stream_statistics(stream_.get()); }
  schatten_acoustic_parts acoustic_parts() const { return schatten_stream_acoustic_parts(stream_.get()); }
  double asleep_seconds() const { return schatten_asleep_seconds(stream_.get()); }

  // Drops an utterance that came from a file which cannot be used.
  void fail(const std::string &name, const char *why) {
    fprintf(stderr, "schatten-recognize: %s\n", why);
    if (results_.is_json()) printf("{\"file\": %s, \"error\": %s}\n", json_string(name).c_str(), json_string(why).c_str());
    require_written();
    restart();
  }

 private:
  void require_none(const char *problem, const std::string &name) const {
    const char *const input = arguments_.microphone ? "the microphone" : "standard input";
    require(!*problem, (name.empty() ? input : name) + ": " + problem);
  }

  // Notes when an utterance's first text is there, `seconds` after the last samples were.
  void note_first(double seconds) {
    if (has_text_ || !schatten_word_count(stream_.get())) return;
    has_text_ = true;
    first_.add(statistics().audio_seconds - schatten_words(stream_.get())->start + seconds);
  }

  void end(const std::string &name, bool even_if_empty, double seconds) {
    if (even_if_empty || schatten_word_count(stream_.get())) {
      final_.add(seconds);
      print(name);
    }
    restart();
  }

  void restart() {
    schatten_restart(stream_.get());
    has_text_ = false;
    accepting_ = 0;
  }

  void show_partial() {
    const std::string text = schatten_text(stream_.get());
    if (text == shown_ || text.empty()) return;
    fprintf(stderr, "... %s\n", text.c_str());
    require_written(stderr);
    shown_ = text;
  }

  void print(const std::string &name) {
    shown_.clear();
    results_.print(name, stream_.get());
    require_written();
  }

  struct Close {
    void operator()(schatten_stream *stream) const { schatten_stream_close(stream); }
  };
  const Arguments &arguments_;
  const std::unique_ptr<const schatten::Commands> commands_;
  schatten::Results results_;
  std::unique_ptr<schatten_stream, Close> stream_;
  std::string shown_;
  bool has_text_ = false;
  double accepting_ = 0;  // seconds that the utterance's last samples took
  Mean first_, final_;
};

// Says once that one hears the mean of several channels: nobody may have meant that.
void note_mean(const Sound &sound) {
  static bool is_said = false;
  if (is_said || !sound.is_mean()) return;
  is_said = true;
  fprintf(stderr, "schatten-recognize: %s has %u channels: their mean is heard, as of others to come; --channel N takes one\n",
          sound.source().name().c_str(), static_cast<unsigned>(sound.source().channels()));
}

// Returns whether the file could be recognised; says why not, and leaves the session ready for the next.
bool recognize_file(Session &session, const std::string &path, int channel) {
  try {
    Sound sound(path, channel);
    note_mean(sound);
    for (;;) {
      const std::vector<int16_t> &samples = sound.read(kChunk);
      if (samples.empty()) break;
      session.accept(samples.data(), samples.size(), path);
    }
    session.finish(path, true);
    return true;
  } catch (const Error &error) {
    session.fail(path, error.what());
    return false;
  }
}

// Standard input, or the microphone. What was heard is printed also where it ends with an error, such as a file that is cut off.
void recognize_input(Session &session, const Arguments &arguments) {
  schatten::end_input_on_interrupt();
  using schatten::Microphone;
  Sound sound = arguments.microphone
                    ? Sound(std::make_unique<Microphone>(arguments.microphone_name, schatten::was_interrupted), arguments.channel)
                    : Sound(STDIN_FILENO, arguments.channel);
  note_mean(sound);
  std::string problem;
  for (;;) {
    const std::vector<int16_t> *samples = nullptr;
    try {
      samples = &sound.read(kChunk);
    } catch (const Error &error) {
      problem = error.what();
    }
    if (!samples || samples->empty()) break;
    session.accept(samples->data(), samples->size(), "");
  }
  session.finish("", false);
  require(problem.empty() || schatten::was_interrupted(), problem);  // Ctrl-C cuts a file off
}

// Of this program alone; getrusage would count what its parent had before.
double peak_megabytes() {
  long kilobytes = 0;
  FILE *const status = fopen("/proc/self/status", "r");
  for (char line[256]; status && fgets(line, sizeof line, status);) sscanf(line, "VmHWM: %ld", &kilobytes);
  if (status) fclose(status);
  return static_cast<double>(kilobytes) * 1024 / 1e6;
}

// Subtitles hold nothing else: then they go to standard error.
void print_statistics(const Session &session, double loading, const schatten::Results &results) {
  const schatten_statistics s = session.statistics();
  const double computing = s.feature_seconds + s.acoustic_seconds + s.decoder_seconds;
  const double factor = s.audio_seconds > 0 ? computing / s.audio_seconds : 0;
  const auto share = [=](double seconds) { return computing > 0 ? seconds / computing : 0; };
  FILE *const output = results.is_subtitles() ? stderr : stdout;
  if (results.is_json()) {
    const schatten_acoustic_parts parts = session.acoustic_parts();
    printf("{\"audio_seconds\": %.3f, \"compute_seconds\": %.6f, \"rtf\": %.6f, \"acoustic_share\": %.4f, "
           "\"feature_share\": %.4f, \"convolution_share\": %.4f, \"recurrent_share\": %.4f, \"output_share\": %.4f, "
           "\"search_share\": %.4f, \"first_seconds\": %.6f, \"final_seconds\": %.6f, \"utterances\": %d, "
           "\"load_seconds\": %.6f, \"peak_megabytes\": %.3f, \"asleep_seconds\": %.3f}\n",
           s.audio_seconds, computing, factor, share(s.acoustic_seconds), share(s.feature_seconds),
           share(parts.convolution_seconds), share(parts.recurrent_seconds), share(parts.output_seconds),
           share(s.decoder_seconds), session.first().value(), session.final().value(), session.final().count, loading,
           peak_megabytes(), session.asleep_seconds());
    return;
  }
  fprintf(output,
          "audio %.2f s, computed in %.3f s, RTF %.5f, acoustic model %.3f of the time, first text %.3f s after its word "
          "began, final text %.6f s after the last sample (mean of %d utterances), loaded in %.3f s, peak memory %.1f MB, "
          "acoustic model asleep for %.2f s\n",
          s.audio_seconds, computing, factor, share(s.acoustic_seconds), session.first().value(), session.final().value(),
          session.final().count, loading, peak_megabytes(), session.asleep_seconds());
}

// Returns whether all that was given could be recognised.
bool recognize(Session &session, const Arguments &arguments) {
  bool all = true;
  for (const std::string &file : arguments.files) all &= recognize_file(session, file, arguments.channel);
  if (arguments.list) {
    for (std::string name; std::getline(std::cin, name);) all &= recognize_file(session, name, arguments.channel);
  } else if (arguments.files.empty()) {
    recognize_input(session, arguments);
  }
  return all;
}

// A lexicon of which the language model knows less than half is hardly its own.
void warn_of_few(const schatten_vocabulary &words, const schatten_lm_files &files) {
  if (2 * static_cast<int64_t>(words.known) >= words.words) return;
  fprintf(stderr, "schatten-recognize: %s knows %d of the %d words of %s; the others are hardly ever found: make both of one text\n",
          files.binary, words.known, words.words, files.lexicon);
}

// Sets the thresholds of the gate: those that were given, and else, where it is on, the bundle's.
void set_gate(Arguments &arguments, const char *manifest) {
  char error[512];
  schatten_options &options = arguments.options;
  if (arguments.gate && !schatten_gate(manifest, &options, error, sizeof error)) throw Error(error);
  options.gate_decibels = arguments.gate_decibels.value_or(options.gate_decibels);
  options.gate_evidence = arguments.gate_evidence.value_or(options.gate_evidence);
}

// Returns the status with which the program ends.
int run(char **argument) {
  Arguments arguments = schatten::parse(argument);
  const double start = now();
  char error[512];
  const char *const manifest = arguments.manifest.empty() ? nullptr : arguments.manifest.c_str();
  set_gate(arguments, manifest);
  for (const std::string &path : {arguments.model, arguments.commands}) {
    if (manifest && !path.empty() && !schatten_check(manifest, path.c_str(), error, sizeof error)) throw Error(error);
  }
  schatten_model *const opened = schatten_model_open(arguments.model.c_str(), error, sizeof error);
  require(opened != nullptr, opened ? "" : error);
  const std::unique_ptr<schatten_model, void (*)(schatten_model *)> model(opened, schatten_model_close);
  if (!arguments.lm.empty()) {
    const schatten_lm_files files{arguments.lm.c_str(), arguments.lexicon.c_str(),
                                  arguments.look_ahead.empty() ? nullptr : arguments.look_ahead.c_str(), manifest};
    arguments.options.lm = schatten_lm_open(model.get(), &files, error, sizeof error);
    require(arguments.options.lm != nullptr, arguments.options.lm ? "" : error);
    warn_of_few(schatten_lm_vocabulary(arguments.options.lm), files);
  }
  const std::unique_ptr<const schatten_lm, void (*)(const schatten_lm *)> lm(
      arguments.options.lm, [](const schatten_lm *one) { schatten_lm_close(const_cast<schatten_lm *>(one)); });
  Session session(model.get(), arguments);
  const double loading = now() - start;
  const bool all = recognize(session, arguments);
  print_statistics(session, loading, session.results());
  return all ? 0 : 1;
}

}  // namespace

int main(int, char **argv) {
  return schatten::guarded_main("schatten-recognize", [&] {
    const bool is_help = argv[1] && strcmp(argv[1], "--help") == 0;
    return is_help ? fputs(schatten::kUsage, stdout), 0 : run(argv + 1);
  });
}
