// Any bytes as a commands.txt and the words that were heard: refused in one sentence, or the same command each time, whose own
// words are a command of no edits. Nothing else may happen.
#include <stdlib.h>
#include <string.h>

#include <string>

#include "../engine/commands.h"
#include "../engine/failure.h"
#include "input.h"

namespace {

constexpr const char *kBegin = "{\"text\": \"", *kEnd = "\", \"slots\": {", *kNoEdits = "\"edits\": 0}";

// The sentence of a command, or an empty one where JSON writes its bytes in another way.
std::string sentence_of(const std::string &json) {
  const size_t end = json.find(kEnd);
  if (json.compare(0, strlen(kBegin), kBegin) || end == json.npos) abort();
  const std::string sentence = json.substr(strlen(kBegin), end - strlen(kBegin));
  for (char byte : sentence) {
    if (byte == '\\' || static_cast<unsigned char>(byte) >= 0x80) return "";
  }
  return sentence;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Bytes bytes(data, size);
  const std::string network = bytes.text(), heard = bytes.text();
  try {
    const schatten::Commands commands(file_of(reinterpret_cast<const uint8_t *>(network.data()), network.size()));
    const std::string json = commands.json(heard);
    if (commands.json(heard) != json) abort();
    if (json == "null") return 0;
    const std::string sentence = sentence_of(json);
    const std::string again = sentence.empty() ? "null" : commands.json(sentence);
    if (again != "null" && again.find(kNoEdits) == again.npos) abort();
  } catch (const schatten::Error &error) {
    if (!*error.what() || strchr(error.what(), '\n')) abort();
  }
  return 0;
}
