// The C interface over the classes: errors become texts, nothing is thrown past it.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <algorithm>
#include <new>

#include "decoder.h"
#include "failure.h"
#include "manifest.h"
#include "options.h"
#include "schatten.h"
#include "stream.h"

struct schatten_model {
  schatten::Model model;
};

struct schatten_stream {
  schatten::Stream stream;
  char problem[128];  // why the utterance was given up; empty where it was not
};

namespace {

// Runs `make`; where it fails, writes why and returns NULL.
template <class Make>
auto guarded(char *error, size_t size, const Make &make) -> decltype(make()) {
  try {
    return make();
  } catch (const std::bad_alloc &) {
    if (size) snprintf(error, size, "there is not enough memory");
  } catch (const std::exception &exception) {
    if (size) snprintf(error, size, "%s", exception.what());
  }
  return nullptr;
}

// Runs `change`; where it fails, gives the utterance up.
template <class Change>
void guarded(schatten_stream *stream, const Change &change) {
  const auto make = [&] { return change(), stream; };
  if (!guarded(stream->problem, sizeof stream->problem, make)) stream->stream.give_up();
}

}  // namespace

const char *schatten_version(void) { return SCHATTEN_VERSION; }

schatten_model *schatten_model_open(const char *path, char *error, size_t size) {
  return guarded(error, size, [&] { return new schatten_model{schatten::Model(schatten::Gguf(std::string(path)))}; });
}

schatten_model *schatten_model_open_memory(const void *data, size_t length, char *error, size_t size) {
  return guarded(error, size, [&] { return new schatten_model{schatten::Model(schatten::Gguf(data, length))}; });
}

void schatten_model_close(schatten_model *model) { delete model; }

schatten_info schatten_model_info(const schatten_model *model) {
  const schatten::Model &m = model->model;
  const int units = static_cast<int>(m.units().names.size());
  return {units,          m.features().bins(),   m.is_int8(),        m.parameters(),
          m.packed_bytes(), m.seconds_per_frame(), m.latency_seconds()};
}

const char *schatten_model_unit(const schatten_model *model, int index) {
  return model->model.units().names[static_cast<size_t>(index)].c_str();
}

schatten_lm *schatten_lm_open(const schatten_model *model, const schatten_lm_files *files, char *error, size_t size) {
  return guarded(error, size, [&] { return schatten::open_language_model(*files, model->model.units()).release(); });
}

schatten_vocabulary schatten_lm_vocabulary(const schatten_lm *lm) { return lm->vocabulary(); }

void schatten_lm_close(schatten_lm *lm) { delete lm; }

int schatten_check(const char *manifest, const char *path, char *error, size_t size) {
  return guarded(error, size, [&] { return schatten::Manifest(manifest).require_same(path), path; }) != nullptr;
}

void schatten_options_default(schatten_options *options, size_t size) {
  schatten_options all = schatten::default_options();
  all.size = size;
  memset(static_cast<void *>(options), 0, size);
  memcpy(static_cast<void *>(options), &all, std::min(size, sizeof all));
}

int schatten_gate(const char *manifest, schatten_options *options, char *error, size_t size) {
  const auto set = [&] {
    schatten::require(options->size >= schatten::kOptionsWithGate,
                      "the options have no gate: fill them in with schatten_options_default, compiled with a newer schatten.h");
    schatten::Gate::Thresholds found{SCHATTEN_GATE_DECIBELS, SCHATTEN_GATE_EVIDENCE};
    if (manifest) found = schatten::Manifest(manifest).gate();
    options->gate_decibels = found.decibels;
    options->gate_evidence = found.evidence;
    return options;
  };
  return guarded(error, size, set) != nullptr;
}

schatten_stream *schatten_stream_open(const schatten_model *model, const schatten_options *options, char *error,
                                      size_t size) {
  return guarded(error, size, [&] { return new schatten_stream{schatten::Stream(model->model, schatten::options_of(options)), ""}; });
}

int schatten_stream_words(schatten_stream *stream, const char *lines, size_t length, char *error, size_t size) {
  return guarded(error, size, [&] { return stream->stream.set_words(lines, length), stream; }) != nullptr;
}

void schatten_stream_close(schatten_stream *stream) { delete stream; }

size_t schatten_accept(schatten_stream *stream, const int16_t *samples, size_t count) {
  size_t used = 0;
  guarded(stream, [&] { used = stream->stream.accept(samples, count); });
  return used;
}

size_t schatten_accept_float(schatten_stream *stream, const float *samples, size_t count) {
  size_t used = 0;
  guarded(stream, [&] { used = stream->stream.accept(samples, count); });
  return used;
}

void schatten_finish(schatten_stream *stream) {
  guarded(stream, [=] { stream->stream.finish(); });
}

const char *schatten_problem(const schatten_stream *stream) { return stream->problem; }

int schatten_ended(const schatten_stream *stream) { return stream->stream.ended(); }

void schatten_restart(schatten_stream *stream) {
  stream->problem[0] = '\0';
  stream->stream.restart();
}

const char *schatten_text(const schatten_stream *stream) { return stream->stream.text().c_str(); }

int schatten_word_count(const schatten_stream *stream) {
  return static_cast<int>(stream->stream.words().size());
}

const schatten_word *schatten_words(const schatten_stream *stream) {
  return schatten_word_count(stream) ? stream->stream.words().data() : nullptr;
}

double schatten_score(const schatten_stream *stream) { return stream->stream.score(); }

double schatten_evidence(const schatten_stream *stream) { return stream->stream.evidence(); }

int schatten_alternative_count(const schatten_stream *stream) {
  return static_cast<int>(stream->stream.alternative_count());
}

schatten_scored schatten_alternative(const schatten_stream *stream, int n) {
  if (n < 0 || n >= schatten_alternative_count(stream)) return {nullptr, -HUGE_VAL, 0};
  const schatten::Stream::Alternative &found = stream->stream.alternative(static_cast<size_t>(n));
  return {found.text.c_str(), found.score, found.posterior};
}

schatten_statistics schatten_stream_statistics(const schatten_stream *stream) { return stream->stream.statistics(); }

schatten_acoustic_parts schatten_stream_acoustic_parts(const schatten_stream *stream) { return stream->stream.acoustic_parts(); }

double schatten_asleep_seconds(const schatten_stream *stream) { return stream->stream.asleep_seconds(); }
