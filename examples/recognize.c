/* Words of the 16 kHz, mono, 16-bit sound on standard input, a line an utterance:
 *   cc recognize.c $(pkg-config --cflags --libs schatten) -o recognize
 *   arecord -t raw -r 16000 -f S16_LE | ./recognize model.gguf lm.bin lexicon.txt */
#include <schatten.h>
#include <stdio.h>

static int fail(const char *why) {
  fprintf(stderr, "recognize: %s\n", why);
  return 1;
}

static void show(const schatten_stream *stream) {
  if (*schatten_problem(stream)) fail(schatten_problem(stream));
  if (*schatten_text(stream)) puts(schatten_text(stream));
  fflush(stdout);
}

int main(int argc, char **argv) {
  char error[512];
  if (argc != 2 && argc != 4) return fail("give MODEL, or MODEL LM LEXICON");
  schatten_model *model = schatten_model_open(argv[1], error, sizeof error);
  if (!model) return fail(error);
  schatten_options options;
  schatten_options_default(&options, sizeof options);
  options.silence_seconds = 0.8; /* a pause of that length ends an utterance */
  schatten_lm *lm = NULL;
  if (argc == 4) {
    const schatten_lm_files files = {.binary = argv[2], .lexicon = argv[3]};
    options.lm = lm = schatten_lm_open(model, &files, error, sizeof error);
    if (!lm) return fail(error);
  }
  schatten_stream *stream = schatten_stream_open(model, &options, error, sizeof error);
  if (!stream) return fail(error);
  int16_t samples[160];
  for (size_t count; (count = fread(samples, sizeof *samples, 160, stdin)) > 0;) {
    for (size_t used = 0; used < count;) {
      used += schatten_accept(stream, samples + used, count - used);
      if (!schatten_ended(stream)) continue; /* schatten_text has the words so far */
      show(stream);
      schatten_restart(stream);
    }
  }
  schatten_finish(stream);
  show(stream);
  schatten_stream_close(stream); /* first streams, then what they use */
  schatten_lm_close(lm);
  schatten_model_close(model);
}
