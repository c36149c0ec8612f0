// Letters of a text in UTF-8.
#ifndef SCHATTEN_ENGINE_UTF8_H
#define SCHATTEN_ENGINE_UTF8_H

#include <stddef.h>

#include <string>

namespace schatten {

// The bytes that the UTF-8 letter at `at` takes, or 0 where there is none.
inline size_t utf8_letter(const std::string &text, size_t at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = byte(at), second = byte(at + 1);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xF0 && first < 0xF5 ? 4 : 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  }
  // Letters that are written longer than need be, surrogates, and what lies behind the last letter.
  const bool is_wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0) ||
                        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90);
  return is_wrong ? 0 : length;
}

}  // namespace schatten
#endif
