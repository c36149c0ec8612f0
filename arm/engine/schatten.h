/* Streaming speech recognition: 16 kHz PCM as it comes, text with times as it is known.
 * examples/recognize.c is a whole program, docs/how_to/use_the_engine.md says how to build and link.
 *
 *   char error[256];
 *   schatten_model *model = schatten_model_open("model.int8.gguf", error, sizeof error);   // NULL: see error
 *   schatten_options options;
 *   schatten_options_default(&options, sizeof options);
 *   schatten_stream *stream = schatten_stream_open(model, &options, error, sizeof error);
 *   while (more audio) {
 *     size_t used = schatten_accept(stream, samples, count);
 *     show(schatten_text(stream));                        // so far; later audio may still add to it
 *     if (schatten_ended(stream)) schatten_restart(stream);  // an endpoint: offer samples + used again
 *   }
 *   schatten_finish(stream);
 *   show(schatten_text(stream));
 *
 * A model may be used by any number of streams at once, each stream by one thread at a time. There is no global state.
 * A stream allocates when it is opened, and when it is given words. Later it allocates only within an utterance that is unusually long: to hold a text
 * of more than 2400 bytes or 400 words (a minute of fast speech; 3 times as much of phones); and, with a language model, to
 * hold the words of the paths that are left, where there are more than 2048, or 8 for each path of the beam if that is
 * more, words that paths share counting once. It keeps that memory. Where more than 32 words of a lexicon are spelled
 * alike, or, in units without a separator, more than 64 up to their last unit, it may allocate at any time.
 * Audio cut into any chunks gives the same bits as the whole at once. This is a C interface.
 */
#ifndef SCHATTEN_H
#define SCHATTEN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* The version of this header. A program that was compiled with an older one runs with a newer library of the same first
 * two numbers. */
#define SCHATTEN_VERSION "0.1.0"

/* The version of the library that runs, such as "0.1.0". */
const char *schatten_version(void);

typedef struct schatten_model schatten_model;
typedef struct schatten_stream schatten_stream;

/* Maps a model that `schatten export` wrote. NULL where it cannot be used; `error` (of `size` bytes) then says why in one
 * sentence. A file that is damaged or made with bad intent is refused; it must not be shortened while it is open. */
schatten_model *schatten_model_open(const char *path, char *error, size_t size);

/* The same of a model file that lies in memory, `length` bytes at `data`, of any alignment. They are copied: they may be
 * freed at once. (A language model has to be a file, as KenLM maps it; on Linux one in memory has a name too, that of a
 * memfd_create(2): /proc/self/fd/N.) */
schatten_model *schatten_model_open_memory(const void *data, size_t length, char *error, size_t size);

/* Frees a model; its streams must be closed before. NULL is allowed. */
void schatten_model_close(schatten_model *model);

typedef struct schatten_info {
  int units;                /* outputs per frame; unit 0 is CTC's blank */
  int bins;                 /* features per feature frame */
  int is_int8;              /* products are 8-bit (else fp32) */
  uint64_t parameters;      /* numbers stored at inference */
  size_t packed_bytes;      /* memory that the weights take, packed for this CPU */
  double seconds_per_frame; /* audio per output frame */
  double latency_seconds;   /* algorithmic latency: window, look-ahead, batch of frames */
} schatten_info;

schatten_info schatten_model_info(const schatten_model *model);

/* The name of a unit, 0 <= index < units; it lives as long as the model. */
const char *schatten_model_unit(const schatten_model *model, int index);

typedef struct schatten_lm schatten_lm;

typedef struct schatten_lm_files {
  const char *binary;     /* a KenLM binary, or ARPA */
  const char *lexicon;    /* `WORD TAB UNIT UNIT ...` a line, in units of the model; at most 1 GiB, 500 units a spelling,
                             and 2000 words of one spelling */
  const char *look_ahead; /* a small first-pass model, whose unigrams guide the search inside of words; NULL: those of
                             `binary` */
  const char *manifest;   /* a bundle's manifest.json: these files must have the length and the SHA-256 that it says of
                             their names, and are read once to see that; NULL: they are not checked */
} schatten_lm_files;

/* Opens a language model for streams of `model`; NULL where it cannot be used, `error` then says why. KenLM trusts its
 * binaries: open only one that you made or got from someone you trust, and name the manifest, so that one that was cut
 * short or changed on its way is refused before KenLM sees it. It may be used by any number of streams at once, and must
 * be closed after them. */
schatten_lm *schatten_lm_open(const schatten_model *model, const schatten_lm_files *files, char *error, size_t size);

/* How many words the lexicon has, and how many of them the language model knows. Where it knows none, schatten_lm_open
 * refuses the pair; where it knows less than half, they hardly belong together: a word that it does not know is hardly ever
 * found. */
typedef struct schatten_vocabulary {
  int words, known;
} schatten_vocabulary;

schatten_vocabulary schatten_lm_vocabulary(const schatten_lm *lm);

/* Frees a language model. NULL is allowed. */
void schatten_lm_close(schatten_lm *lm);

/* Whether a file, such as the model of a bundle, has the length and the SHA-256 that the bundle's manifest.json says of its
 * name: 1, or 0, and `error` says why not. */
int schatten_check(const char *manifest, const char *path, char *error, size_t size);

/* Later versions add options at the end, so that `size` tells which ones a program knows. An option that it does not know
 * has its default. One that the library does not know must be 0. */
typedef struct schatten_options {
  size_t size;            /* of this struct, in bytes; schatten_options_default sets it */
  int batch_frames;       /* 1..4: output frames computed at once; fewer is sooner, more is cheaper; same results, but an
                             endpoint may be seen up to 3 output frames later */
  double silence_seconds; /* an utterance ends this long after its last letter, with a language model after the last one
                             of its words; 0: never */
  double maximum_seconds; /* an utterance ends when this long; 0: never */
  const schatten_lm *lm;  /* words come from a beam search with it, opened for a model of the same units; NULL: from the best
                             path of units, in which every phone of a model of phones is a word */
  double lm_weight;       /* what log P(words) counts, 0 or more */
  double word_bonus;      /* added for each word, natural log */
  double beam_threshold;  /* paths that are worse than the best by this (natural log) go; above 0, at most 300 */
  int beam;               /* paths kept, 1..10000 */
  int token_beam;         /* units tried in a frame, the likeliest; 1 or more */
  int alternatives;       /* texts of schatten_alternative, the best one among them, 0..100; from 1 on words have a
                             confidence; needs `lm` */
  double temperature;     /* posteriors are those of scores / temperature, 0.01..100: above 1 they are less sure */
  /* Called, where not NULL, with each feature frame (`count` = bins, before normalisation) and with each output frame's
   * natural-log probabilities (`count` = units), in order, by the thread that calls schatten_accept or schatten_finish. */
  void (*on_features)(void *user, const float *values, int count);
  void (*on_logprobs)(void *user, const float *values, int count);
  void *user;
  double gate_decibels; /* the acoustic model sleeps while no sound is louder than the background by this, so that silence and
                           steady noise write nothing and cost little; SCHATTEN_GATE_DECIBELS is a good value, at most 60;
                           0: it never sleeps. Callbacks get no frames of that time */
  double gate_evidence; /* an utterance has no text while schatten_evidence is below this, so that noise and babble write
                           nothing; SCHATTEN_GATE_EVIDENCE is a good value, at most 1; 0: it has always */
} schatten_options;

#define SCHATTEN_GATE_DECIBELS 8
#define SCHATTEN_GATE_EVIDENCE 0.5

/* Four frames at once, no endpoints, no callbacks; no language model, 1 and 0 as its weights, 200 paths, 15 units, 25.
 * `size` is sizeof(schatten_options) of the caller. */
void schatten_options_default(schatten_options *options, size_t size);

/* Turns the gate on: sets gate_decibels and gate_evidence to the thresholds that were chosen for a bundle, by its
 * manifest.json. Where it has none, and where `manifest` is NULL, they are the two above. Returns 1, or 0 and `error` where the
 * manifest cannot be used. */
int schatten_gate(const char *manifest, schatten_options *options, char *error, size_t size);

/* A new stream, at the start of an utterance; NULL and `error` where an option is out of range or was never set. */
schatten_stream *schatten_stream_open(const schatten_model *model, const schatten_options *options, char *error,
                                      size_t size);

/* Gives a stream words and phrases of its own, beside those of its lexicon, which other streams share and which stays what
 * it is. They count from the next utterance on until others are given; NULL: none. `lines`, `length` bytes of UTF-8, has
 * lines of up to three columns, with a tab between two:
 *
 *   WORD  UNIT UNIT ...  BOOST     zoltan          z o l t a n     6
 *   WORD WORD ...        BOOST     zoltan kovacs                   8
 *
 * The second column of a word may be empty: then the lexicon spells it, or where that lacks it, its letters do. A model of
 * phones or pieces needs it for a new word; several lines give a word several spellings. The boost, -50..50 (of a phrase
 * above 0), is added to the score wherever the word or the whole phrase is said, natural log; 1 where it is empty. Words of
 * a phrase need no lines of their own, unless they have to be spelled; a new one then has no boost. What the language model
 * does not know costs as much as a word of the lexicon would if all were equally frequent. Returns 1, or 0 where the lines
 * cannot be used, the stream has no language model or is within an utterance; `error` then says why, beginning with the
 * number of a line where one is at fault, and the stream keeps the words that it had. */
int schatten_stream_words(schatten_stream *stream, const char *lines, size_t length, char *error, size_t size);

/* Frees a stream. NULL is allowed. */
void schatten_stream_close(schatten_stream *stream);

/* Takes 16 kHz mono samples and returns how many were used: all, unless an endpoint was met. After an endpoint, or after
 * schatten_finish, it takes none until schatten_restart. Where memory for the text cannot be had, the utterance ends here
 * without text, and schatten_problem says so; the same holds for schatten_finish. */
size_t schatten_accept(schatten_stream *stream, const int16_t *samples, size_t count);

/* The same of samples in -1..1, where 16-bit ones divided by 32768 give the same bits as these. Louder ones are not clipped.
 * Samples that are no finite numbers, or beyond -16..16 and so of another scale, are refused with the rest of the call: the
 * utterance ends here without text, and schatten_problem says so. */
size_t schatten_accept_float(schatten_stream *stream, const float *samples, size_t count);

/* Ends the utterance here: what the look-ahead withheld is computed, and the text is final. */
void schatten_finish(schatten_stream *stream);

/* Whether the utterance has ended, by an endpoint, by schatten_finish, or by a problem. */
int schatten_ended(const schatten_stream *stream);

/* Why the utterance ended without text, in one sentence; empty where there was no problem. */
const char *schatten_problem(const schatten_stream *stream);

/* Starts a new utterance with fresh state. Word times go on counting from the start of the stream. */
void schatten_restart(schatten_stream *stream);

/* The text of the utterance so far, UTF-8; valid until the next call that changes the stream. */
const char *schatten_text(const schatten_stream *stream);

/* A word: `length` bytes at schatten_text + offset, when it was said, in seconds since the start of the stream, and how sure
 * it is: the posteriors of the alternatives that have it at its place, together, 0..1; -1 where it is not known, which is
 * before the end, where no word fits, and where options.alternatives is 0. */
typedef struct schatten_word {
  int offset, length;
  double start, end;
  double confidence;
} schatten_word;

/* The number of words in schatten_text, and the words; NULL where there are none. */
int schatten_word_count(const schatten_stream *stream);
const schatten_word *schatten_words(const schatten_stream *stream);

/* How well the final text fits: log P(audio's units | words) + lm_weight * log P(words) + word_bonus * words, natural logs;
 * minus infinity before the end or where no word fits. Without a language model 0. */
double schatten_score(const schatten_stream *stream);

/* How sure it is that the utterance so far was speech, 0..1: the geometric mean of the best unit's probability over the frames
 * in which that is neither the blank nor the separator; with a language model times e^(0.2 d), where d is by how much its
 * words are less likely than the best path of units (natural log), for each unit of that. 0 where nothing was heard. */
double schatten_evidence(const schatten_stream *stream);

/* A text that the final search found: its score, and its posterior among the best 100. */
typedef struct schatten_scored {
  const char *text; /* UTF-8; valid until the next call that changes the stream; NULL: there is none */
  double score, posterior;
} schatten_scored;

/* After the end: how many distinct texts there are, up to options.alternatives, and the n-th best of them, n from 0 on; the
 * best is schatten_text. */
int schatten_alternative_count(const schatten_stream *stream);
schatten_scored schatten_alternative(const schatten_stream *stream, int n);

/* What the stream has done since it was opened: seconds of audio and of computing. */
typedef struct schatten_statistics {
  double audio_seconds, feature_seconds, acoustic_seconds, decoder_seconds;
} schatten_statistics;

schatten_statistics schatten_stream_statistics(const schatten_stream *stream);

/* The parts of its acoustic_seconds: convolutions, with the stacking of frames; recurrent layers; the other ones, with the
 * softmax. */
typedef struct schatten_acoustic_parts {
  double convolution_seconds, recurrent_seconds, output_seconds;
} schatten_acoustic_parts;

schatten_acoustic_parts schatten_stream_acoustic_parts(const schatten_stream *stream);

/* For how many seconds of that audio the acoustic model slept (options.gate_decibels). */
double schatten_asleep_seconds(const schatten_stream *stream);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
