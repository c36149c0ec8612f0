// Any bytes as a bundle's manifest.json: refused in one sentence, or they say that an empty file is empty; and thresholds of its
// gate that a stream takes. Nothing else may happen.
#include <string.h>

#include <string>

#include "input.h"
#include "schatten.h"

namespace {

constexpr const char *kEmptyFile = "/dev/null";  // its name is `null`
constexpr const char *kEmptySum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char error[512] = "";
  const int same = schatten_check(file_of(data, size).c_str(), kEmptyFile, error, sizeof error);
  const std::string text(reinterpret_cast<const char *>(data), size);
  const bool said = text.find("\"null\"") != std::string::npos && text.find(kEmptySum) != std::string::npos;
  if (same ? !said || *error : strlen(error) == 0) abort();  // taken for what it does not say, or nothing said
  schatten_options options;
  schatten_options_default(&options, sizeof options);
  error[0] = '\0';
  const bool is_on = schatten_gate(file_of(data, size).c_str(), &options, error, sizeof error);
  const bool in_range = options.gate_decibels >= 0 && options.gate_decibels <= 60 && options.gate_evidence >= 0 &&
                        options.gate_evidence <= 1;
  const bool untouched = options.gate_decibels == 0 && options.gate_evidence == 0;
  if (is_on ? !in_range || *error : !untouched || strlen(error) == 0) abort();
  return 0;
}
