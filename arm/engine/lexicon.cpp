#include "lexicon.h"

#include <string.h>

#include <algorithm>
#include <fstream>
#include <unordered_map>

#include "failure.h"

namespace schatten {

namespace {

constexpr float kLowest = -1e30f;
constexpr size_t kLongestSpelling = 500;
constexpr const char *kBetweenUnits = " \t\r\v\f";
constexpr const char *kByteOrderMark = "\xef\xbb\xbf";  // U+FEFF, which editors put before a text: no part of its first word

}  // namespace

// Every spelling of every word: its units lie at starts[i]..starts[i + 1].
struct Lexicon::Spellings {
  std::vector<uint16_t> units;
  std::vector<size_t> starts{0};
  std::vector<int> words;

  size_t size(int i) const { return starts[static_cast<size_t>(i) + 1] - starts[static_cast<size_t>(i)]; }
  const uint16_t *at(int i) const { return units.data() + starts[static_cast<size_t>(i)]; }
  bool before(int i, int k) const { return std::lexicographical_compare(at(i), at(i) + size(i), at(k), at(k) + size(k)); }
};

Lexicon::Lexicon(const std::string &path, const std::vector<std::string> &units,
                 const std::function<float(const std::string &)> &score) {
  grow(read(path, units));
  std::vector<float> scores(static_cast<size_t>(word_count()));
  for (int i = 0; i < word_count(); ++i) scores[static_cast<size_t>(i)] = score(word(i));
  for (int i = node_count() - 1; i >= 0; --i) {  // children lie behind their parents
    most_children_ = std::max(most_children_, static_cast<size_t>(children_end(i) - node(i).first_child));
    most_words_ = std::max(most_words_, static_cast<size_t>(words_end(i) - node(i).first_word));
    const int words_below = node(children_end(i)).first_word - node(node(i).first_child).first_word;
    most_endings_ = std::max(most_endings_, static_cast<size_t>(words_below));
    float &best = nodes_[static_cast<size_t>(i)].best;
    for (int k = node(i).first_word; k < words_end(i); ++k) best = std::max(best, scores[static_cast<size_t>(word_at(k))]);
    for (int k = node(i).first_child; k < children_end(i); ++k) best = std::max(best, node(k).best);
  }
}

Lexicon::Spellings Lexicon::read(const std::string &path, const std::vector<std::string> &units) {
  std::unordered_map<std::string, int> indices, known;
  for (size_t i = 0; i < units.size(); ++i) indices.emplace(units[i], static_cast<int>(i));
  std::ifstream file(path);
  require(file.good(), path + " cannot be opened: give the lexicon that `schatten lm build` wrote");
  Spellings spellings;
  word_starts_.push_back(0);
  size_t number = 0;
  for (std::string line, word, unit; std::getline(file, line);) {
    if (++number == 1 && line.compare(0, strlen(kByteOrderMark), kByteOrderMark) == 0) line.erase(0, strlen(kByteOrderMark));
    const auto check = [&](bool holds, const char *problem) {
      if (!holds) throw Error(path + ", line " + std::to_string(number) + problem);
    };
    const size_t tab = line.find('\t');
    check(tab != std::string::npos && tab > 0, " is not `WORD TAB UNIT UNIT ...`");
    for (size_t from = tab + 1; (from = line.find_first_not_of(kBetweenUnits, from)) != std::string::npos;) {
      const size_t to = std::min(line.find_first_of(kBetweenUnits, from), line.size());
      const auto found = indices.find(unit.assign(line, from, to - from));
      check(found != indices.end() && found->second > 0, " spells with a unit that the model has not");
      spellings.units.push_back(static_cast<uint16_t>(found->second));
      from = to;
    }
    const size_t length = spellings.units.size() - spellings.starts.back();
    check(length > 0 && length <= kLongestSpelling, " has no or too many units");
    check(!file.eof(), " does not end: the lexicon was cut short, make it again");
    spellings.starts.push_back(spellings.units.size());
    const auto [at, is_new] = known.emplace(word.assign(line, 0, tab), word_count());
    spellings.words.push_back(at->second);
    if (!is_new) continue;
    letters_ += word;
    word_starts_.push_back(letters_.size());
  }
  require(!spellings.words.empty(), path + " holds no word: make the lexicon again");
  return spellings;
}

// Makes the nodes level by level out of the sorted spellings.
void Lexicon::grow(const Spellings &spellings) {
  struct Range {
    size_t from, to, depth;  // the spellings below a node
  };
  std::vector<int> order(spellings.words.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  const auto word = [&](int i) { return spellings.words[static_cast<size_t>(i)]; };
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return spellings.before(a, b) || (!spellings.before(b, a) && word(a) < word(b));
  });
  std::vector<Range> ranges{{0, order.size(), 0}};
  nodes_.push_back({0, 0, kLowest, 0});
  for (size_t i = 0; i < nodes_.size(); ++i) {
    auto [from, to, depth] = ranges[i];
    nodes_[i].first_word = static_cast<int>(node_words_.size());
    nodes_[i].first_child = static_cast<int>(nodes_.size());
    for (; from < to && spellings.size(order[from]) == depth; ++from) {
      const size_t first = static_cast<size_t>(nodes_[i].first_word);
      if (node_words_.size() > first && node_words_.back() == word(order[from])) continue;  // the same line again
      node_words_.push_back(word(order[from]));
    }
    for (size_t next; from < to; from = next) {
      const uint16_t unit = spellings.at(order[from])[depth];
      for (next = from + 1; next < to && spellings.at(order[next])[depth] == unit;) ++next;
      ranges.push_back({from, next, depth + 1});
      nodes_.push_back({0, 0, kLowest, unit});
    }
  }
  nodes_.push_back({static_cast<int>(nodes_.size()), static_cast<int>(node_words_.size()), kLowest, 0});
}

}  // namespace schatten
