/* Streaming speech recognition: it takes 16 kHz PCM as it arrives, and gives text with times as soon as it is known.
 * examples/recognize.c is a complete program. docs/how_to/use_the_engine.md says how to build and link one.
 *
 *   char error[256];
 *   schatten_model *model = schatten_model_open("model.int8.gguf", error, sizeof error);   // NULL: see error
 *   schatten_options options;
 *   schatten_options_default(&options, sizeof options);
 *   schatten_stream *stream = schatten_stream_open(model, &options, error, sizeof error);
 *   while (more audio) {
 *     size_t used = schatten_accept(stream, samples, count);
 *     show(schatten_text(stream));                        // so far; later audio may change it
 *     if (schatten_ended(stream)) schatten_restart(stream);  // an endpoint: pass the rest again, from samples + used
 *   }
 *   schatten_finish(stream);
 *   show(schatten_text(stream));
 *
 * Threads: any number of streams may use a model at the same time. Only one thread at a time may use a stream. There is
 * no global state.
 *
 * Memory: a stream allocates memory when it is opened, and when it is given words. Later it allocates only within an
 * unusually long utterance, and keeps that memory. One case is a text of more than 2400 bytes or 400 words (a minute of
 * fast speech), or 3 times as much for a model of phones. The other case needs a language model: the words of the remaining
 * paths are more than 2048, and more than 8 for each path of the beam. Words that paths share count once.
 *
 * A stream may allocate at any time if more than 32 words of the lexicon have the same spelling. In units without a
 * separator, another limit is 64 words with the same units up to the last one.
 *
 * Results have the same bits for audio in chunks of any size. This is a C interface.
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

/* The version of this header. A program that was compiled with an older header runs with a newer library if the first two
 * numbers are equal. */
#define SCHATTEN_VERSION "0.2.0"

/* Returns the version of the running library, such as "0.1.0". */
const char *schatten_version(void);

typedef struct schatten_model schatten_model;
typedef struct schatten_stream schatten_stream;

/* Opens a model that `schatten export` wrote; the file is mapped into memory. Returns NULL if it cannot be used. `error`,
 * a buffer of `size` bytes, then says why in one sentence. Damaged and malicious files are refused. The file must not be
 * shortened while it is open. */
schatten_model *schatten_model_open(const char *path, char *error, size_t size);

/* Opens a model from memory: `length` bytes at `data`, with any alignment. The bytes are copied, so they may be freed
 * afterwards. (A language model has to be a file, because KenLM maps it. On Linux a file may be in memory, too: create it
 * with memfd_create(2), and pass the name /proc/self/fd/N.) */
schatten_model *schatten_model_open_memory(const void *data, size_t length, char *error, size_t size);

/* Frees a model. Close its streams first. NULL is allowed. */
void schatten_model_close(schatten_model *model);

typedef struct schatten_info {
  int units;                /* outputs per frame; unit 0 is CTC's blank */
  int bins;                 /* features per feature frame */
  int is_int8;              /* 1: matrix products are 8-bit; 0: they are fp32 */
  uint64_t parameters;      /* how many numbers the model stores at inference */
  size_t packed_bytes;      /* memory of the weights, packed for this CPU */
  double seconds_per_frame; /* audio per output frame */
  double latency_seconds;   /* algorithmic latency: window, look-ahead, batch of frames */
} schatten_info;

/* Returns what is known about a model. */
schatten_info schatten_model_info(const schatten_model *model);

/* Returns the name of a unit, 0 <= index < units. It is valid as long as the model. */
const char *schatten_model_unit(const schatten_model *model, int index);

typedef struct schatten_lm schatten_lm;

/* Names of files. The first two are required. */
typedef struct schatten_lm_files {
  const char *binary;     /* a KenLM binary, or ARPA */
  const char *lexicon;    /* lines `WORD TAB UNIT UNIT ...`, in units of the model; at most 1 GiB, 500 units per spelling,
                             and 2000 words with the same spelling */
  const char *look_ahead; /* a small first-pass model, whose unigrams guide the search within words; NULL: the unigrams
                             of `binary` */
  const char *manifest;   /* manifest.json of a bundle. The files must have the length and the SHA-256 that it gives for
                             their names. They are read once to check that. NULL: they are not checked */
} schatten_lm_files;

/* Opens a language model for streams of `model`. Returns NULL if it cannot be used; `error` then says why. KenLM trusts
 * its binaries, so open only a binary that you made, or got from someone you trust. Give the manifest, too: a binary that
 * was cut short or changed is then refused before KenLM reads it. Any number of streams may use the language model at the
 * same time. Close it after them. */
schatten_lm *schatten_lm_open(const schatten_model *model, const schatten_lm_files *files, char *error, size_t size);

/* The number of words in the lexicon, and how many of them the language model knows. An unknown word is hardly ever
 * recognised. If the language model knows no word, schatten_lm_open refuses the pair. If it knows less than half, the two
 * probably do not belong together. */
typedef struct schatten_vocabulary {
  int words, known;
} schatten_vocabulary;

/* Returns the numbers of words of a language model. */
schatten_vocabulary schatten_lm_vocabulary(const schatten_lm *lm);

/* Frees a language model. NULL is allowed. */
void schatten_lm_close(schatten_lm *lm);

/* Checks a file, such as the model of a bundle, against the bundle's manifest.json. Returns 1 if the file has the length
 * and the SHA-256 that the manifest gives for its name. Otherwise returns 0, and `error` says why. */
int schatten_check(const char *manifest, const char *path, char *error, size_t size);

/* Options of a stream. Later versions of the library add options at the end. `size` says which ones a program knows.
 * Options that the program does not know have their defaults. Options that the library does not know must be 0. */
typedef struct schatten_options {
  size_t size;            /* size of this struct in bytes; schatten_options_default sets it */
  int batch_frames;       /* output frames computed at once, 1..4: fewer give text sooner, more cost less time. Results are
                             the same, but an endpoint may be found up to 3 output frames later */
  double silence_seconds; /* an utterance ends this long after its last letter; with a language model, after the last
                             letter of its words; 0: never */
  double maximum_seconds; /* an utterance ends when it is this long; 0: never */
  const schatten_lm *lm;  /* language model for a beam search over words, opened for a model with the same units. NULL: the
                             text is the best path of units; for a model of phones each phone is then a word */
  double lm_weight;       /* weight of log P(words), 0 or more */
  double word_bonus;      /* added for each word, natural log */
  double beam_threshold;  /* paths that score worse than the best by more than this are dropped (natural log); above 0, at
                             most 300 */
  int beam;               /* beam width: paths kept, 1..10000 */
  int token_beam;         /* number of units tried in a frame, the most likely first; 1 or more */
  int alternatives;       /* number of texts of schatten_alternative, with the best one, 0..100; with 1 or more, words have
                             a confidence; needs `lm` */
  double temperature;     /* posteriors are computed from scores / temperature, 0.01..100; above 1 they are less certain */
  /* Callbacks, if not NULL. The first gets each feature frame before normalisation (`count` = bins). The second gets the
   * natural-log probabilities of each output frame (`count` = units). They are called in order, by the thread that calls
   * schatten_accept or schatten_finish. */
  void (*on_features)(void *user, const float *values, int count);
  void (*on_logprobs)(void *user, const float *values, int count);
  void *user;           /* passed to the callbacks */
  double gate_decibels; /* the acoustic model sleeps while no sound is this much louder than the background. So silence and
                           steady noise give no text and cost little. At most 60; 0: it never sleeps.
                           SCHATTEN_GATE_DECIBELS is a good value. Callbacks get no frames of that time */
  double gate_evidence; /* an utterance has no text while schatten_evidence is below this, so noise and babble give no
                           text. At most 1; 0: no limit. SCHATTEN_GATE_EVIDENCE is a good value */
} schatten_options;

#define SCHATTEN_GATE_DECIBELS 8
#define SCHATTEN_GATE_EVIDENCE 0.5

/* Sets the defaults: batch_frames 4, no endpoints, no callbacks, no language model, lm_weight 1, word_bonus 0, beam 200,
 * token_beam 15, beam_threshold 25. `size` is sizeof(schatten_options) in the caller. */
void schatten_options_default(schatten_options *options, size_t size);

/* Turns the gate on: sets gate_decibels and gate_evidence to the thresholds that were chosen for a bundle. They are read from
 * its manifest.json. If it has none, or if `manifest` is NULL, they are the two above. Returns 1. Returns 0 and fills `error` if
 * the manifest cannot be used. */
int schatten_gate(const char *manifest, schatten_options *options, char *error, size_t size);

/* Opens a stream, at the start of an utterance. Returns NULL if an option is out of range or was never set; `error` then
 * says which one. */
schatten_stream *schatten_stream_open(const schatten_model *model, const schatten_options *options, char *error,
                                      size_t size);

/* Gives a stream words and phrases of its own, in addition to its lexicon. The lexicon itself does not change for other
 * streams. The words hold from the next utterance on, until others are given; NULL: none. `lines` is `length` bytes of
 * UTF-8. It has lines of up to three columns, with a tab between columns:
 *
 *   WORD  UNIT UNIT ...  BOOST     zoltan          z o l t a n     6
 *   WORD WORD ...        BOOST     zoltan kovacs                   8
 *
 * Spelling: the second column of a word may be empty. Then its spelling is that of the lexicon, or its letters if the
 * lexicon does not have it. With a model of phones or pieces, a new word needs this column. Several lines give a word
 * several spellings.
 *
 * Boost: it is added to the score (natural log) for each occurrence of the word or of the whole phrase. It is -50..50, and
 * above 0 for a phrase. Empty means 1. The words of a phrase need lines of their own only if they need a spelling. A new
 * word of a phrase has no boost of its own. A word that the language model does not know costs as much as a word of the
 * lexicon would if all words were equally frequent.
 *
 * Returns 1, or 0 if the lines cannot be used, the stream has no language model, or an utterance has begun. `error` then
 * says why, beginning with the number of the wrong line if there is one. The stream then keeps the words that it had. */
int schatten_stream_words(schatten_stream *stream, const char *lines, size_t length, char *error, size_t size);

/* Frees a stream. NULL is allowed. */
void schatten_stream_close(schatten_stream *stream);

/* Takes `count` 16 kHz mono samples. Returns how many were used: all of them, unless an endpoint was found. After an
 * endpoint, and after schatten_finish, it takes no samples until schatten_restart. If there is no memory for the text, the
 * utterance ends here without text, and schatten_problem says so. The same holds for schatten_finish. */
size_t schatten_accept(schatten_stream *stream, const int16_t *samples, size_t count);

/* The same for float samples in -1..1. 16-bit samples divided by 32768 give the same bits as schatten_accept. Louder
 * samples are not clipped. Samples that are not finite, or outside -16..16 and so in another scale, are refused with the
 * rest of the call. The utterance then ends here without text, and schatten_problem says so. */
size_t schatten_accept_float(schatten_stream *stream, const float *samples, size_t count);

/* Ends the utterance here. The frames that still wait for look-ahead are computed, and the text is final. */
void schatten_finish(schatten_stream *stream);

/* Returns whether the utterance has ended: by an endpoint, by schatten_finish, or by a problem. */
int schatten_ended(const schatten_stream *stream);

/* Returns why the utterance ended without text, in one sentence; an empty text if there was no problem. */
const char *schatten_problem(const schatten_stream *stream);

/* Starts a new utterance with a new state. Word times still count from the start of the stream. */
void schatten_restart(schatten_stream *stream);

/* Returns the text of the utterance so far, in UTF-8. It is valid until the next call that changes the stream. */
const char *schatten_text(const schatten_stream *stream);

/* A word of schatten_text. */
typedef struct schatten_word {
  int offset, length; /* the word is `length` bytes at schatten_text + offset */
  double start, end;  /* when it was said, in seconds since the start of the stream */
  double confidence;  /* the sum of the posteriors of all alternatives that have this word at its place, 0..1. It is -1 if
                         it is not known: before the end, if no word fits, and if options.alternatives is 0 */
} schatten_word;

/* Return the number of words in schatten_text, and the words; NULL if there are none. */
int schatten_word_count(const schatten_stream *stream);
const schatten_word *schatten_words(const schatten_stream *stream);

/* Returns the score of the final text, in natural logs: log P(units of the audio | words) + lm_weight * log P(words) +
 * word_bonus * (number of words). It is minus infinity before the end, and if no word fits. Without a language model it is
 * 0. */
double schatten_score(const schatten_stream *stream);

/* Returns the evidence that the utterance so far was speech, 0..1. It is 0 if nothing was recognised. Without a language
 * model it is the geometric mean of the best unit's probability. Only frames count in which this unit is neither the blank
 * nor the separator. With a language model this is multiplied by e^(0.2 d). d is the log-probability of the recognised
 * words minus that of the best path (natural log), divided by the number of units in that path; it is at most 0. */
double schatten_evidence(const schatten_stream *stream);

/* A text of the final search, with its score, and its posterior among the best 100 texts. */
typedef struct schatten_scored {
  const char *text; /* UTF-8; valid until the next call that changes the stream; NULL: there is none */
  double score, posterior;
} schatten_scored;

/* After the end of an utterance, return the number of distinct texts, up to options.alternatives, and the n-th best text, n
 * counted from 0. The best one is schatten_text. */
int schatten_alternative_count(const schatten_stream *stream);
schatten_scored schatten_alternative(const schatten_stream *stream, int n);

/* Seconds of audio that a stream has processed since it was opened, and seconds of computing time. */
typedef struct schatten_statistics {
  double audio_seconds, feature_seconds, acoustic_seconds, decoder_seconds;
} schatten_statistics;

/* Returns the times of a stream. */
schatten_statistics schatten_stream_statistics(const schatten_stream *stream);

/* Parts of acoustic_seconds: convolutions, with the stacking of frames; recurrent layers; the other layers, with the softmax. */
typedef struct schatten_acoustic_parts {
  double convolution_seconds, recurrent_seconds, output_seconds;
} schatten_acoustic_parts;

/* Returns these parts for a stream. */
schatten_acoustic_parts schatten_stream_acoustic_parts(const schatten_stream *stream);

/* Returns for how many seconds of that audio the acoustic model slept (options.gate_decibels). */
double schatten_asleep_seconds(const schatten_stream *stream);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
