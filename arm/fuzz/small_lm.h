// A small language model for fuzz targets, written to memory once.
#ifndef SCHATTEN_FUZZ_SMALL_LM_H
#define SCHATTEN_FUZZ_SMALL_LM_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

// The words a, b, ab, ba and cab, some pairs of them, and a word that no lexicon spells.
constexpr const char *kSmallArpa =
    "\\data\\\nngram 1=9\nngram 2=7\nngram 3=2\n\n\\1-grams:\n-5\t<unk>\n-99\t<s>\t-0.3\n-1\t</s>\n-1.2\ta\t-0.3\n"
    "-1.5\tb\t-0.1\n-1.3\tab\t-0.4\n-0.9\tba\t-0.2\n-2\tcab\t-0.3\n-3\telsewhere\t-0.1\n\n\\2-grams:\n-0.4\t<s> a\t-0.2\n"
    "-0.9\ta b\t-0.1\n-0.5\tb ab\n-0.7\tba ba\t-0.3\n-0.6\tab </s>\n-0.8\tcab a\n-0.2\ta </s>\n\n\\3-grams:\n-0.3\t<s> a b\n"
    "-0.4\tba ba ba\n\n\\end\\\n";

// Its path; it lives as long as the program.
inline const std::string &small_lm() {
  static const std::string path = [] {
    const int file = memfd_create("small_lm", MFD_CLOEXEC);
    const size_t size = strlen(kSmallArpa);
    if (write(file, kSmallArpa, size) != static_cast<ssize_t>(size)) abort();
    return "/proc/self/fd/" + std::to_string(file);
  }();
  return path;
}

#endif
