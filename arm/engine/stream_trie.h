// The trie of a stream's own words and phrases, as it grows; only stream_words.cpp needs it.
#ifndef SCHATTEN_ENGINE_STREAM_TRIE_H
#define SCHATTEN_ENGINE_STREAM_TRIE_H

#include <stddef.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "exponential.h"
#include "failure.h"
#include "stream_words.h"

namespace schatten {

struct StreamWords::Word {
  std::string letters;
  int line, id;
  bool has_line;  // of its own; if not, it stands in a phrase alone
  double boost = 0;
  std::vector<Grams::Letters> spellings;
  lm::WordIndex index = 0;
  float extra = 0;
  double value = 0;  // natural log of what counts inside of it: language model without context, and boost
};

// A trie that grows; its nodes are laid out at the end.
class StreamWords::Trie {
 public:
  Trie(int separator, double ahead) : separator_(separator), ahead_(ahead) { grown_.push_back({0, false, 0, {}, {}}); }

  void add(const Word &word) { insert(0, {&word}, 0, 0); }
  void add(const std::vector<const Word *> &phrase, double boost) { insert(0, phrase, 0, boost); }

  // Children of a node become neighbours. With grams there is a node for each gram that ends at a node of letters; they have
  // children and endings in common.
  void lay_out(StreamWords *words, const Grams &grams) const {
    struct Way {
      size_t to;
      int unit;
      double above;
    };
    std::vector<Way> order{{0, grown_[0].unit, 0}};
    std::vector<size_t> places(grown_.size(), 0);  // the first node of each
    std::vector<std::pair<int, int>> children(grown_.size());
    const auto for_each_child = [&](int from, const auto &call) {
      for (const size_t child : grown_[static_cast<size_t>(from)].children) call(grown_[child].unit, static_cast<int>(child));
    };
    for (size_t i = 0; i < order.size(); ++i) {
      const Way way = order[i];
      const Grown &node = grown_[way.to];
      if (places[way.to] == 0) {
        places[way.to] = i;
        const int first = static_cast<int>(order.size());
        const auto add = [&](int unit, int to) { order.push_back({static_cast<size_t>(to), unit, node.best}); };
        grams.any() ? grams.walk(static_cast<int>(way.to), for_each_child, add)
                    : for_each_child(static_cast<int>(way.to), add);
        children[way.to] = {first, static_cast<int>(order.size())};
        for (const Ending &ending : node.endings) {
          const size_t next = static_cast<size_t>(ending.next);
          if (next) order.push_back({next, grown_[next].unit, node.best});
        }
        require_few(order.size());
      }
      words->nodes_.push_back({children[way.to].first, children[way.to].second, 0, 0, way.unit, node.is_start, node.best,
                               exponential(node.best - way.above)});
    }
    for (size_t i = 0; i < order.size(); ++i) {
      const size_t first = places[order[i].to];
      if (first < i) {
        words->nodes_[i].first_ending = words->nodes_[first].first_ending;
        words->nodes_[i].endings_end = words->nodes_[first].endings_end;
        continue;
      }
      words->nodes_[i].first_ending = static_cast<int>(words->endings_.size());
      for (Ending ending : grown_[order[i].to].endings) {
        if (ending.next) {
          ending.counted += grown_[static_cast<size_t>(ending.next)].best;
          ending.next = static_cast<int>(places[static_cast<size_t>(ending.next)]);
        }
        words->endings_.push_back(ending);
      }
      words->nodes_[i].endings_end = static_cast<int>(words->endings_.size());
    }
  }

 private:
  static constexpr size_t kMostNodes = size_t{1} << 20;
  static constexpr double kLowest = -1e30;

  struct Grown {
    int unit;
    bool is_start;
    double best;
    std::vector<size_t> children;
    std::vector<Ending> endings;
  };

  // Inserts the words of a phrase from `at` on, the first of which begins at node `start`.
  void insert(size_t start, const std::vector<const Word *> &phrase, size_t at, double boost) {
    const Word &word = *phrase[at];
    for (const Grams::Letters &spelling : word.spellings) {
      size_t node = start;
      for (const uint16_t unit : spelling) {
        node = child(node, unit);
        grown_[node].best = std::max(grown_[node].best, word.value + std::min(boost, ahead_));
      }
      if (at + 1 < phrase.size()) {
        const size_t next = next_start(node, word);
        grown_[next].best = std::max(grown_[next].best, std::min(boost, ahead_));
        insert(next, phrase, at + 1, boost);
      } else {
        const double share = phrase.size() > 1 ? 1 - exponential(-boost) : 1;
        grown_[node].endings.push_back({word.id, word.index, word.extra, 0, word.boost + boost, share});
      }
    }
  }

  size_t child(size_t node, uint16_t unit) {
    for (const size_t one : grown_[node].children) {
      if (grown_[one].unit == unit) return one;
    }
    grown_[node].children.push_back(grown_.size());
    return add_node(unit, false);
  }

  // Where a phrase goes on after a word that ends at a node.
  size_t next_start(size_t node, const Word &word) {
    for (const Ending &ending : grown_[node].endings) {
      if (ending.next && ending.word == word.id) return static_cast<size_t>(ending.next);
    }
    grown_[node].endings.push_back({word.id, word.index, word.extra, static_cast<int>(grown_.size()), word.boost, 1});
    return add_node(separator_ ? separator_ : grown_[node].unit, true);
  }

  static void require_few(size_t nodes) {
    require(nodes < kMostNodes, "its words and phrases have too many spellings: keep those that are needed");
  }

  size_t add_node(int unit, bool is_start) {
    require_few(grown_.size());
    grown_.push_back({unit, is_start, kLowest, {}, {}});
    return grown_.size() - 1;
  }

  const int separator_;
  const double ahead_;
  std::vector<Grown> grown_;
};

}  // namespace schatten
#endif
