// Any bytes as a lexicon: refused in one sentence, or a trie that can be walked to every word. Nothing else may happen.
#include <stdlib.h>

#include <string>
#include <vector>

#include "../engine/failure.h"
#include "../engine/grams.h"
#include "../engine/lexicon.h"
#include "input.h"

namespace {

const schatten::Units kUnits = schatten::Units::characters({"<blank>", " ", "a", "b", "c", "'"});
const schatten::Units kGrams{schatten::Units::kGrams, {"<blank>", " ", "a", "b", "c", "'", "ab", "ba", "abc"}, 1};

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
    if (unit < 1 || unit >= static_cast<int>(kUnits.names.size()) || lexicon.node(child).best > lexicon.node(at).best) abort();
    words += walk(lexicon, child, left);
  }
  return words;
}

// Every node has its words, and children that are as good as it at most; ways part and meet again, so none is counted.
void check(const schatten::Lexicon &lexicon) {
  for (int at = 0; at < lexicon.node_count(); ++at) {
    for (int i = lexicon.node(at).first_word; i < lexicon.words_end(at); ++i) {
      if (lexicon.word_at(i) < 0 || lexicon.word_at(i) >= lexicon.word_count()) abort();
    }
    for (int child = lexicon.node(at).first_child; child < lexicon.children_end(at); ++child) {
      if (child < 1 || child >= lexicon.node_count() || lexicon.node(child).best > lexicon.node(at).best) abort();
    }
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    const std::string path = file_of(data, size);
    const auto score = [](const std::string &word) { return -static_cast<float>(word.size()); };
    const schatten::Lexicon lexicon(path, kUnits.names, schatten::Grams(kUnits), score);
    int left = lexicon.node_count();
    if (walk(lexicon, 0, &left) < lexicon.word_count() || left != 0) abort();
    const schatten::Lexicon over_grams(path, kGrams.names, schatten::Grams(kGrams), score);
    if (over_grams.word_count() < lexicon.word_count()) abort();
    check(over_grams);
  } catch (const schatten::Error &) {
  }
  return 0;
}
