// The engine's C interface as Python classes; src/schatten_engine/ makes the package of them. _engine.pyi has the types.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <string.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "failure.h"
#include "schatten.h"
#include "sound.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

// Calls `open(error, size)` while other threads of Python run; throws where it gives nothing.
template <class Open>
auto opened(const Open &open) -> decltype(open(nullptr, 0)) {
  char error[1024] = "";
  decltype(open(nullptr, 0)) made{};
  {
    nb::gil_scoped_release released;
    made = open(error, sizeof error);
  }
  if (!made) throw schatten::Error(error);
  return made;
}

// Paths come as the bytes that os.fsencode gives, so that every name of a file can be opened.
using Path = nb::bytes;

// Texts are UTF-8 as a rule; other bytes of a lexicon come as os.fsdecode would show them.
nb::object text_of(const char *bytes, size_t length) {
  return nb::steal(PyUnicode_DecodeUTF8(bytes, static_cast<Py_ssize_t>(length), "surrogateescape"));
}

class Model {
 public:
  explicit Model(const Path &path)
      : handle_(opened([&](char *error, size_t size) { return schatten_model_open(path.c_str(), error, size); }),
                schatten_model_close) {}

  const std::shared_ptr<schatten_model> &handle() const { return handle_; }
  nb::tuple info() const {
    const schatten_info i = schatten_model_info(handle_.get());
    return nb::make_tuple(i.units, i.bins, static_cast<bool>(i.is_int8), i.parameters, i.packed_bytes, i.seconds_per_frame,
                          i.latency_seconds);
  }
  nb::list units() const {
    nb::list names;
    for (int i = 0; i < schatten_model_info(handle_.get()).units; ++i) {
      const std::string name = schatten_model_unit(handle_.get(), i);
      names.append(text_of(name.data(), name.size()));
    }
    return names;
  }

 private:
  std::shared_ptr<schatten_model> handle_;
};

class LanguageModel {
 public:
  LanguageModel(const Model &model, const Path &binary, const Path &lexicon, const std::optional<Path> &look_ahead,
                const std::optional<Path> &manifest) {
    const schatten_lm_files files{binary.c_str(), lexicon.c_str(), look_ahead ? look_ahead->c_str() : nullptr,
                                  manifest ? manifest->c_str() : nullptr};
    const auto open = [&](char *error, size_t size) { return schatten_lm_open(model.handle().get(), &files, error, size); };
    handle_ = {opened(open), schatten_lm_close};
  }

  const std::shared_ptr<schatten_lm> &handle() const { return handle_; }
  std::pair<int, int> vocabulary() const {
    const schatten_vocabulary words = schatten_lm_vocabulary(handle_.get());
    return {words.words, words.known};
  }

 private:
  std::shared_ptr<schatten_lm> handle_;
};

template <class Sample>
using Samples = nb::ndarray<const Sample, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Any thread may use a stream, one after the other: each call waits for the one before.
class Stream {
 public:
  Stream(const Model &model, const LanguageModel *lm, int batch_frames, double silence_seconds, double maximum_seconds,
         double lm_weight, double word_bonus, double beam_threshold, int beam, int token_beam, double temperature, int alternatives,
         double gate_decibels, double gate_evidence)
      : model_(model.handle()), lm_(lm ? lm->handle() : nullptr) {
    schatten_options options;
    schatten_options_default(&options, sizeof options);
    options.batch_frames = batch_frames;
    options.silence_seconds = silence_seconds;
    options.maximum_seconds = maximum_seconds;
    options.lm = lm_.get();
    options.lm_weight = lm_weight;
    options.word_bonus = word_bonus;
    options.beam_threshold = beam_threshold;
    options.beam = beam;
    options.token_beam = token_beam;
    options.temperature = temperature;
    options.alternatives = alternatives;
    options.gate_decibels = gate_decibels;
    options.gate_evidence = gate_evidence;
    const auto open = [&](char *error, size_t size) { return schatten_stream_open(model_.get(), &options, error, size); };
    handle_.reset(opened(open));
  }

  void set_words(const std::optional<nb::bytes> &lines) {
    char error[1024] = "";
    const char *const given = lines ? lines->c_str() : nullptr;
    const size_t length = lines ? lines->size() : 0;
    if (!locked([&] { return schatten_stream_words(handle_.get(), given, length, error, sizeof error); }))
      throw schatten::Error(error);
  }
  size_t accept(const Samples<int16_t> &samples) {
    return locked([&] { return schatten_accept(handle_.get(), samples.data(), samples.size()); });
  }
  size_t accept_float(const Samples<float> &samples) {
    return locked([&] { return schatten_accept_float(handle_.get(), samples.data(), samples.size()); });
  }
  void finish() {
    locked([&] { schatten_finish(handle_.get()); });
  }
  void restart() {
    locked([&] { schatten_restart(handle_.get()); });
  }
  bool ended() {
    return locked([&] { return schatten_ended(handle_.get()) != 0; });
  }
  std::string problem() {
    return locked([&] { return std::string(schatten_problem(handle_.get())); });
  }
  // Text, words with their times and confidences, score, and alternatives, all of one moment.
  nb::tuple result() {
    std::string text;
    std::vector<schatten_word> found;
    std::vector<std::pair<std::string, schatten_scored>> others;
    double score = 0;
    locked([&] {
      text = schatten_text(handle_.get());
      const schatten_word *const first = schatten_words(handle_.get());
      if (first) found.assign(first, first + schatten_word_count(handle_.get()));
      score = schatten_score(handle_.get());
      for (int i = 0; i < schatten_alternative_count(handle_.get()); ++i) {
        const schatten_scored one = schatten_alternative(handle_.get(), i);
        others.emplace_back(one.text, one);
      }
    });
    nb::list words;
    for (const schatten_word &word : found) {
      words.append(nb::make_tuple(text_of(text.data() + word.offset, static_cast<size_t>(word.length)), word.start, word.end,
                                 word.confidence));
    }
    nb::list alternatives;
    for (const auto &[other, scored] : others) {
      alternatives.append(nb::make_tuple(text_of(other.data(), other.size()), scored.score, scored.posterior));
    }
    return nb::make_tuple(text_of(text.data(), text.size()), words, score, alternatives);
  }
  nb::tuple statistics() {
    const schatten_statistics s = locked([&] { return schatten_stream_statistics(handle_.get()); });
    const double asleep = locked([&] { return schatten_asleep_seconds(handle_.get()); });
    return nb::make_tuple(s.audio_seconds, s.feature_seconds, s.acoustic_seconds, s.decoder_seconds, asleep);
  }

 private:
  struct Close {
    void operator()(schatten_stream *stream) const { schatten_stream_close(stream); }
  };

  // The interpreter's lock is given up before ours is asked for, or two threads could wait for each other.
  template <class Use>
  auto locked(const Use &use) -> decltype(use()) {
    nb::gil_scoped_release released;
    const std::lock_guard<std::mutex> alone(mutex_);
    return use();
  }

  std::shared_ptr<schatten_model> model_;  // they outlive the stream
  std::shared_ptr<schatten_lm> lm_;
  std::unique_ptr<schatten_stream, Close> handle_;
  std::mutex mutex_;
};

// A file of sound, as the program reads it.
class Sound {
 public:
  explicit Sound(const Path &path) : sound_(std::string(path.c_str(), path.size())) {}

  nb::ndarray<nb::numpy, int16_t, nb::ndim<1>> read(size_t count) {
    const std::vector<int16_t> &samples = sound_.read(count);
    auto *const copy = new std::vector<int16_t>(samples);
    const nb::capsule owner(copy, [](void *memory) noexcept { delete static_cast<std::vector<int16_t> *>(memory); });
    return nb::ndarray<nb::numpy, int16_t, nb::ndim<1>>(copy->data(), {copy->size()}, owner);
  }

 private:
  schatten::Sound sound_;
};

void check(const Path &manifest, const Path &path) {
  opened([&](char *error, size_t size) { return schatten_check(manifest.c_str(), path.c_str(), error, size); });
}

// The thresholds of a bundle's gate: decibels, evidence.
nb::tuple gate(const Path &manifest) {
  schatten_options options;
  schatten_options_default(&options, sizeof options);
  opened([&](char *error, size_t size) { return schatten_gate(manifest.c_str(), &options, error, size); });
  return nb::make_tuple(options.gate_decibels, options.gate_evidence);
}

}  // namespace

NB_MODULE(_engine, m) {
  nb::set_leak_warnings(false);  // a recogniser in a global variable is no leak
  const nb::exception<schatten::Error> error(m, "EngineError");
  // Messages hold names of files and words, which may be no UTF-8.
  nb::register_exception_translator(
      [](const std::exception_ptr &thrown, void *type) {
        try {
          std::rethrow_exception(thrown);
        } catch (const schatten::Error &e) {
          PyErr_SetObject(static_cast<PyObject *>(type), text_of(e.what(), strlen(e.what())).ptr());
        }
      },
      error.ptr());
  m.def("version", [] { return std::string(schatten_version()); });
  m.attr("GATE_DECIBELS") = static_cast<double>(SCHATTEN_GATE_DECIBELS);
  m.attr("GATE_EVIDENCE") = static_cast<double>(SCHATTEN_GATE_EVIDENCE);
  m.def("check", &check, "manifest"_a, "path"_a);
  m.def("gate", &gate, "manifest"_a);
  nb::class_<Model>(m, "Model").def(nb::init<const Path &>(), "path"_a).def("info", &Model::info).def("units", &Model::units);
  nb::class_<LanguageModel>(m, "LanguageModel")
      .def(nb::init<const Model &, const Path &, const Path &, const std::optional<Path> &, const std::optional<Path> &>(),
           "model"_a, "binary"_a, "lexicon"_a, "look_ahead"_a.none(), "manifest"_a.none())
      .def("vocabulary", [](const LanguageModel &lm) { return nb::make_tuple(lm.vocabulary().first, lm.vocabulary().second); });
  nb::class_<Stream>(m, "Stream")
      .def(nb::init<const Model &, const LanguageModel *, int, double, double, double, double, double, int, int, double, int, double, double>(), "model"_a,
           "lm"_a.none(), nb::kw_only(), "batch_frames"_a, "silence_seconds"_a, "maximum_seconds"_a, "lm_weight"_a,
           "word_bonus"_a, "beam_threshold"_a, "beam"_a, "token_beam"_a, "temperature"_a, "alternatives"_a,
           "gate_decibels"_a, "gate_evidence"_a)
      .def("set_words", &Stream::set_words, "lines"_a.none())
      .def("accept", &Stream::accept, "samples"_a.noconvert())
      .def("accept", &Stream::accept_float, "samples"_a.noconvert())
      .def("finish", &Stream::finish)
      .def("restart", &Stream::restart)
      .def("ended", &Stream::ended)
      .def("problem", &Stream::problem)
      .def("result", &Stream::result)
      .def("statistics", &Stream::statistics);
  nb::class_<Sound>(m, "Sound").def(nb::init<const Path &>(), "path"_a).def("read", &Sound::read, "count"_a);
}
