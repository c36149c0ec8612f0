#include "arguments.h"

#include <errno.h>
#include <stdlib.h>

#include "failure.h"

namespace schatten {

const char *const kUsage =
    "Usage: schatten-recognize [OPTIONS] MODEL [FILE...]\n"
    "Recognises speech in files of WAV, FLAC and MP3 of any rate (4 to 384 kHz); in such a file on standard input, or in raw\n"
    "PCM there (16 kHz, mono, 16 bits); or from a microphone:\n"
    "  arecord -t raw -r 16000 -f S16_LE | schatten-recognize --silence 0.8 MODEL\n"
    "  schatten-recognize --mic --silence 0.8 MODEL\n"
    "Ctrl-C ends that input, and its words still come; a second one ends the program.\n"
    "MODEL is a .gguf file that `schatten export` wrote. The last line gives the length of the audio, the time taken,\n"
    "the real-time factor (time taken / length), the share of the acoustic model in that time, how long after the\n"
    "beginning of its word the first text came and how long after the last sample the final one (means), how long loading\n"
    "took, and peak memory. A file that cannot be used is named on standard error, the others are recognised, and the\n"
    "status is then 1.\n"
    "  --list        names of files come on standard input, one a line\n"
    "  --channel N   hear one of several channels, from 1 on (default: their mean)\n"
    "  --mic[=NAME]  hear a microphone until Ctrl-C: ALSA's default, or the one of that name (`arecord -L` lists them); not\n"
    "                in a static program\n"
    "  --format F    text: the words (the default); json: a JSON object per utterance, with the times of its words in\n"
    "                seconds, and one per file that cannot be used, with the error; srt or vtt: subtitles of one recording\n"
    "  --json        --format json\n"
    "  --alternatives N\n"
    "                in JSON the N best texts, the best one first, with scores and posteriors, and how sure each word is;\n"
    "                needs --lm\n"
    "  --temperature T\n"
    "                posteriors are those of scores / T (default 1)\n"
    "  --partial     show the text as it grows, on standard error\n"
    "  --batch N     output frames computed at once, 1 to 4 (default 4): fewer is sooner, more is cheaper\n"
    "  --silence S   end an utterance S seconds after its last letter or phone (default: never)\n"
    "  --maximum S   end an utterance after S seconds (default: never)\n"
    "  --gate        write nothing in silence and noise, and compute less there: both of the following, as --manifest says, or\n"
    "                else 8 and 0.5\n"
    "  --gate-decibels D\n"
    "                compute nothing while no sound is louder than the background by D\n"
    "  --gate-evidence E\n"
    "                write no text of an utterance of which it is less sure than this, 0 to 1; JSON then says how sure it is\n"
    "  --lm BINARY --lexicon FILE\n"
    "                find words with a KenLM binary and a lexicon (otherwise: the best path of letters or pieces; a model\n"
    "                of phones prints phones)\n"
    "  --lm-weight W, --word-bonus B\n"
    "                what the language model counts, and what each word adds, in natural logs (default 1 and 0)\n"
    "  --beam N, --beam-threshold T, --token-beam N\n"
    "                paths kept, how much worse they may be, units tried in a frame (default 200, 25, 15)\n"
    "  --look-ahead BINARY\n"
    "                a small first-pass model, whose unigrams guide the search inside of words\n"
    "  --words FILE  words and phrases beside the lexicon's, a line each: WORD, tab, its spelling in units or nothing, tab,\n"
    "                its boost in natural log (1 where there is none); needs --lm\n"
    "  --commands FILE\n"
    "                in JSON the command that is nearest to the words, with its slots: commands.txt of a bundle\n"
    "  --manifest FILE\n"
    "                a bundle's manifest.json: every file must have the length and the SHA-256 that it says\n"
    "  --help        show this\n";

namespace {

double number(const char *option, const char *text) {
  char *end = nullptr;
  errno = 0;
  const double value = text ? strtod(text, &end) : 0;
  require(text && *text && *end == '\0' && errno == 0 && value > -1e9 && value < 1e9,
          std::string(option) + " needs a number");
  return value;
}

int channel(const char *text) {
  const double value = number("--channel", text);
  require(value >= 1 && value == static_cast<int>(value), "--channel needs a whole number from 1 on");
  return static_cast<int>(value);
}

const char *file(const char *option, const char *name) {
  require(name != nullptr, std::string(option) + " needs a file");
  return name;
}

int alternatives(const char *text) {
  const double value = number("--alternatives", text);
  require(value >= 1 && value <= 100 && value == static_cast<int>(value), "--alternatives needs a number from 1 to 100");
  return static_cast<int>(value);
}

}  // namespace

Arguments parse(char **argument) {
  Arguments arguments;
  schatten_options_default(&arguments.options, sizeof arguments.options);
  std::vector<std::string> names;
  for (; *argument; ++argument) {
    const std::string name = *argument;
    if (name == "--json") arguments.format = Results::kJson;
    else if (name == "--format") arguments.format = Results::format(*++argument ? *argument : "");
    else if (name == "--alternatives") arguments.options.alternatives = alternatives(*++argument);
    else if (name == "--temperature") arguments.options.temperature = number("--temperature", *++argument);
    else if (name == "--commands") arguments.commands = file("--commands", *++argument);
    else if (name == "--words") arguments.words = file("--words", *++argument);
    else if (name == "--list") arguments.list = true;
    else if (name == "--partial") arguments.partial = true;
    else if (name == "--channel") arguments.channel = channel(*++argument);
    else if (name == "--mic" || name.compare(0, 6, "--mic=") == 0) {
      arguments.microphone = true;
      arguments.microphone_name = name.size() > 6 ? name.substr(6) : "";
    }
    else if (name == "--batch") arguments.options.batch_frames = static_cast<int>(number("--batch", *++argument));
    else if (name == "--silence") arguments.options.silence_seconds = number("--silence", *++argument);
    else if (name == "--maximum") arguments.options.maximum_seconds = number("--maximum", *++argument);
    else if (name == "--gate") arguments.gate = true;
    else if (name == "--gate-evidence") arguments.gate_evidence = number("--gate-evidence", *++argument);
    else if (name == "--gate-decibels") arguments.gate_decibels = number("--gate-decibels", *++argument);
    else if (name == "--lm") arguments.lm = file("--lm", *++argument);
    else if (name == "--lexicon") arguments.lexicon = file("--lexicon", *++argument);
    else if (name == "--look-ahead") arguments.look_ahead = file("--look-ahead", *++argument);
    else if (name == "--manifest") arguments.manifest = file("--manifest", *++argument);
    else if (name == "--lm-weight") arguments.options.lm_weight = number("--lm-weight", *++argument);
    else if (name == "--word-bonus") arguments.options.word_bonus = number("--word-bonus", *++argument);
    else if (name == "--beam") arguments.options.beam = static_cast<int>(number("--beam", *++argument));
    else if (name == "--beam-threshold") arguments.options.beam_threshold = number("--beam-threshold", *++argument);
    else if (name == "--token-beam") arguments.options.token_beam = static_cast<int>(number("--token-beam", *++argument));
    else require(name.compare(0, 2, "--") != 0, "unknown option " + name + ": see --help"), names.push_back(name);
    if (!*argument) break;
  }
  require(!names.empty(), "give a model: see --help");
  require(arguments.lm.empty() == arguments.lexicon.empty(), "--lm and --lexicon go together");
  require(arguments.look_ahead.empty() || !arguments.lm.empty(), "--look-ahead needs --lm and --lexicon");
  require(arguments.words.empty() || !arguments.lm.empty(), "--words needs --lm and --lexicon");
  const bool lists = arguments.options.alternatives > 0;
  require(!lists || (!arguments.lm.empty() && arguments.format == Results::kJson),
          "--alternatives needs --lm and --lexicon, and --format json");
  const bool is_one = names.size() <= 2 && !arguments.list;
  require(is_one || arguments.format == Results::kText || arguments.format == Results::kJson,
          "--format srt and vtt take one recording: run the program once for each");
  arguments.model = names[0];
  arguments.files.assign(names.begin() + 1, names.end());
  require(!arguments.microphone || (arguments.files.empty() && !arguments.list),
          "--mic goes without files and --list; a microphone is named as in --mic=NAME");
  return arguments;
}

}  // namespace schatten
