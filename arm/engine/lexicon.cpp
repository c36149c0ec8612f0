#include "lexicon.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "failure.h"
#include "grams.h"
#include "text_file.h"

namespace schatten {

namespace {

constexpr float kLowest = -1e30f;
constexpr size_t kLongestSpelling = 500;
constexpr size_t kMostAlike = 2000;           // words of one spelling: each costs a look-up whenever a path ends there
constexpr size_t kMostNodes = size_t{1} << 30;
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

Lexicon::Lexicon(const std::string &path, const std::vector<std::string> &units, const Grams &grams,
                 const std::function<float(const std::string &)> &score) {
  grow(read(path, units, grams), path);
  weigh(score);
  if (grams.any()) add_grams(grams);
  for (const Node &node : nodes_) most_children_ = std::max<size_t>(most_children_, node.children);
}

// Scores words, and what the best below each node scores.
void Lexicon::weigh(const std::function<float(const std::string &)> &score) {
  std::vector<float> scores(static_cast<size_t>(word_count()));
  for (int i = 0; i < word_count(); ++i) scores[static_cast<size_t>(i)] = score(word(i));
  for (int i = node_count() - 1; i >= 0; --i) {  // children lie behind their parents
    size_t words_below = 0;
    for (int k = node(i).first_child; k < children_end(i); ++k) words_below += node(k).words;
    most_endings_ = std::max(most_endings_, words_below);
    float &best = nodes_[static_cast<size_t>(i)].best;
    for (int k = node(i).first_word; k < words_end(i); ++k) best = std::max(best, scores[static_cast<size_t>(word_at(k))]);
    for (int k = node(i).first_child; k < children_end(i); ++k) best = std::max(best, node(k).best);
  }
}

Lexicon::Spellings Lexicon::read(const std::string &path, const std::vector<std::string> &units, const Grams &grams) {
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
      const Grams::Letters &letters = grams.letters(found->second);
      spellings.units.insert(spellings.units.end(), letters.begin(), letters.end());
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
void Lexicon::grow(const Spellings &spellings, const std::string &path) {
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
  nodes_.push_back({0, 0, kLowest, 0, 0, 0});
  for (size_t i = 0; i < nodes_.size(); ++i) {
    auto [from, to, depth] = ranges[i];
    nodes_[i].first_word = static_cast<int>(node_words_.size());
    nodes_[i].first_child = static_cast<int>(nodes_.size());
    for (; from < to && spellings.size(order[from]) == depth; ++from) {
      const size_t first = static_cast<size_t>(nodes_[i].first_word);
      if (node_words_.size() > first && node_words_.back() == word(order[from])) continue;  // the same line again
      node_words_.push_back(word(order[from]));
    }
    const size_t alike = node_words_.size() - static_cast<size_t>(nodes_[i].first_word);
    most_words_ = std::max(most_words_, alike);
    if (alike > kMostAlike) {
      throw Error(path + " spells " + std::to_string(alike) + " words like `" + this->word(word_at(nodes_[i].first_word)) +
                  "`: keep the 2000 most frequent of them, more are too slow");
    }
    nodes_[i].words = static_cast<uint16_t>(alike);
    for (size_t next; from < to; from = next) {
      const uint16_t unit = spellings.at(order[from])[depth];
      for (next = from + 1; next < to && spellings.at(order[next])[depth] == unit;) ++next;
      ranges.push_back({from, next, depth + 1});
      nodes_.push_back({0, 0, kLowest, unit, 0, 0});
      ++nodes_[i].children;
    }
  }
}

// Makes a node of each way by which one gram leads from a place of the trie to another.
void Lexicon::add_grams(const Grams &grams) {
  const std::vector<Node> places = std::move(nodes_);
  nodes_.assign(1, places[0]);
  std::vector<int> at{0};  // place of each node
  std::vector<std::pair<int, int>> children;  // of each place: the first, and how many
  const auto for_each_child = [&](int place, const auto &call) {
    const Node &above = places[static_cast<size_t>(place)];
    for (int k = above.first_child; k < above.first_child + above.children; ++k) call(places[static_cast<size_t>(k)].unit, k);
  };
  for (int place = 0; place < static_cast<int>(places.size()); ++place) {
    const size_t first = nodes_.size();
    grams.walk(place, for_each_child, [&](int unit, int to) {
      nodes_.push_back(places[static_cast<size_t>(to)]);
      nodes_.back().unit = static_cast<uint16_t>(unit);
      at.push_back(to);
    });
    require(nodes_.size() < kMostNodes, "the lexicon has too many words for a model of grams: keep the most frequent");
    children.emplace_back(static_cast<int>(first), static_cast<int>(nodes_.size() - first));
  }
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const auto [first, count] = children[static_cast<size_t>(at[i])];
    nodes_[i].first_child = first;
    nodes_[i].children = static_cast<uint16_t>(count);
  }
}

}  // namespace schatten
