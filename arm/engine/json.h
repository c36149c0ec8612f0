// Texts in JSON.
#ifndef SCHATTEN_ENGINE_JSON_H
#define SCHATTEN_ENGINE_JSON_H

#include <stdio.h>

#include <string>

#include "utf8.h"

namespace schatten {

// A JSON string. A byte of a file's name that is no UTF-8 becomes \udcXX, as Python's os.fsdecode has it.
inline std::string json_string(const std::string &text) {
  std::string json = "\"";
  for (size_t at = 0, length; at < text.size(); at += length) {
    length = utf8_letter(text, at);
    const unsigned byte = static_cast<unsigned char>(text[at]);
    if (length == 0 || byte < 0x20) {
      char escape[8];
      snprintf(escape, sizeof escape, "\\u%04x", length == 0 ? 0xDC00 + byte : byte);
      json += escape;
      length = 1;
    } else {
      if (byte == '"' || byte == '\\') json += '\\';
      json.append(text, at, length);
    }
  }
  return json + '"';
}

}  // namespace schatten
#endif
