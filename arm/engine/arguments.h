// What the program's command line says.
#ifndef SCHATTEN_ENGINE_ARGUMENTS_H
#define SCHATTEN_ENGINE_ARGUMENTS_H

#include <optional>
#include <string>
#include <vector>

#include "results.h"
#include "schatten.h"

namespace schatten {

extern const char *const kUsage;

struct Arguments {
  schatten_options options;
  bool partial = false, list = false, microphone = false;
  bool gate = false;  // its thresholds are then the bundle's, but for these
  std::optional<double> gate_decibels, gate_evidence;
  int channel = 0;
  Results::Format format = Results::kText;
  std::string model, lm, lexicon, look_ahead, words, commands, manifest, microphone_name;
  std::vector<std::string> files;
};

// Reads the arguments, a NULL after the last; throws Error where they are wrong.
Arguments parse(char **argument);

}  // namespace schatten
#endif
