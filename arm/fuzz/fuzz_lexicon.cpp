// Any bytes as a lexicon: refused in one sentence, or a trie that can be walked to every word. Nothing else may happen.
#include <stdlib.h>

#include <string>
#include <vector>

#include "../engine/failure.h"
#include "../engine/lexicon.h"
#include "input.h"

namespace {

const std::vector<std::string> kUnits{"<blank>", " ", "a", "b", "c", "'"};

// Visits every node below one, and returns how many words are spelled there; no node may be met twice.
int walk(const schatten::Lexicon &lexicon, int at, int *left) {
  if (--*left < 0) abort();
  int words = lexicon.words_end(at) - lexicon.node(at).first_word;
  for (int i = lexicon.node(at).first_word; i < lexicon.words_end(at); ++i) {
    const int word = lexicon.word_at(i);
    if (word < 0 || word >= lexicon.word_count() || lexicon.word(word).empty()) abort();
    if (lexicon.node(at).best < -static_cast<float>(lexicon.length(word))) abort();  // that of the best word
  }
  for (int child = lexicon.node(at).first_child; child < lexicon.children_end(at); ++child) {
    const int unit = lexicon.node(child).unit;
    if (unit < 1 || unit >= static_cast<int>(kUnits.size()) || lexicon.node(child).best > lexicon.node(at).best) abort();
    words += walk(lexicon, child, left);
  }
  return words;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    const schatten::Lexicon lexicon(file_of(data, size), kUnits,
                                    [](const std::string &word) { return -static_cast<float>(word.size()); });
    int left = lexicon.node_count();
    if (walk(lexicon, 0, &left) < lexicon.word_count() || left != 0) abort();
  } catch (const schatten::Error &) {
  }
  return 0;
}
