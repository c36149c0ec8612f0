#include "lexicon.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "failure.h"
#include "text_file.h"

namespace schatten {

namespace {

constexpr float kLowest = -1e30f;
constexpr size_t kLongestSpelling = 500;
constexpr size_t kMostAlike = 2000;           // words of one spelling: each costs a look-up whenever a path ends there
constexpr const char *kBetweenUnits = " \t\r\v\f";

}  // namespace

// Every spelling of every word: its units lie at starts[i]..starts[i + 1].
struct Lexicon::Spellings {
  std::vector<uint16_t> units;
  std::vector<size_t> starts{0};
  std::vector<int> words;

  size_t size(int i) const { return starts[static_cast<size_t>(i) + 1] - starts[static_cast<size_t>(i)]; }
  const uint16_t *at(int i) const { return units.data() + starts[static_cast<size_t>(i)]; }
  // The first four units as a number that sorts as they do: shorter spellings first, for no unit is 0.
  uint64_t beginning(int i) const {
    uint64_t number = 0;
    for (size_t k = 0; k < 4; ++k) number = number << 16 | (k < size(i) ? at(i)[k] : 0u);
    return number;
  }
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
    if (most_words_ <= kMostAlike) continue;
    throw Error(path + " spells " + std::to_string(most_words_) + " words like `" + word(word_at(node(i).first_word)) +
                "`: keep the 2000 most frequent of them, more are too slow");
  }
}

Lexicon::Spellings Lexicon::read(const std::string &path, const std::vector<std::string> &units) {
  const std::string content = content_of(path, "give the lexicon that `schatten lm build` wrote");
  std::unordered_map<std::string_view, int> indices, known;
  for (size_t i = 0; i < units.size(); ++i) indices.emplace(units[i], static_cast<int>(i));
  const size_t lines = static_cast<size_t>(std::count(content.begin(), content.end(), '\n'));
  known.reserve(lines);
  Spellings spellings;
  spellings.words.reserve(lines);
  spellings.starts.reserve(lines + 1);
  word_starts_.push_back(0);
  size_t number = 0;
  for (size_t at = 0, end; at < content.size(); at = end + 1) {
    ++number;
    end = std::min(content.find('\n', at), content.size());
    const std::string_view line(content.data() + at, end - at);
    const auto check = [&](bool holds, const char *problem) {
      if (!holds) throw Error(path + ", line " + std::to_string(number) + problem);
    };
    const size_t tab = line.find('\t');
    check(tab != std::string_view::npos && tab > 0, " is not `WORD TAB UNIT UNIT ...`");
    for (size_t from = tab + 1; (from = line.find_first_not_of(kBetweenUnits, from)) != std::string_view::npos;) {
      const size_t to = std::min(line.find_first_of(kBetweenUnits, from), line.size());
      const auto found = indices.find(line.substr(from, to - from));
      check(found != indices.end() && found->second > 0, " spells with a unit that the model has not");
      spellings.units.push_back(static_cast<uint16_t>(found->second));
      from = to;
    }
    const size_t length = spellings.units.size() - spellings.starts.back();
    check(length > 0 && length <= kLongestSpelling, " has no or too many units");
    check(end < content.size(), " does not end: the lexicon was cut short, make it again");
    spellings.starts.push_back(spellings.units.size());
    const auto [place, is_new] = known.emplace(line.substr(0, tab), word_count());
    spellings.words.push_back(place->second);
    if (!is_new) continue;
    letters_.append(place->first);
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
  const auto word = [&](int i) { return spellings.words[static_cast<size_t>(i)]; };
  // Beside its first four units, so that most comparisons need not look a spelling up.
  std::vector<std::pair<uint64_t, int>> sorted(spellings.words.size());
  for (size_t i = 0; i < sorted.size(); ++i) sorted[i] = {spellings.beginning(static_cast<int>(i)), static_cast<int>(i)};
  std::sort(sorted.begin(), sorted.end(), [&](const auto &a, const auto &b) {
    if (a.first != b.first) return a.first < b.first;
    return spellings.before(a.second, b.second) ||
           (!spellings.before(b.second, a.second) && word(a.second) < word(b.second));
  });
  std::vector<int> order;
  order.reserve(sorted.size());
  for (const auto &one : sorted) order.push_back(one.second);
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
