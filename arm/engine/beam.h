// The paths that a search keeps: those of the last frame, and what the present frame makes of them.
//
// Probabilities are kept as such, not as logs, and scaled by powers of two so that the best path's is 0.5 to 1.
#ifndef SCHATTEN_ENGINE_BEAM_H
#define SCHATTEN_ENGINE_BEAM_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <vector>

#include "history.h"
#include "paths.h"
#include "selection.h"

namespace schatten {

class Beam {
 public:
  // For so many paths, each of which becomes so many; `worst` is the least share of the best one's probability that is kept.
  // notes_losers: of two histories that meet, the history remembers the one that ends.
  Beam(size_t size, size_t successors, double worst, bool notes_losers, History *history)
      : size_(size), worst_(worst), notes_losers_(notes_losers), history_(*history), table_(size * successors) {
    paths_.reserve(size);
    next_.reserve(size * successors);
    order_.reserve(next_.capacity());
  }

  // Begins with one path.
  void reset(const Path &start) {
    scale_ = 0;
    keep(start);
  }
  // Drops all paths but one.
  void keep(const Path &only) {
    paths_.assign(1, only);
    best_ = 0;
  }

  // Every path goes on with a blank that is sure.
  void rest() {
    for (Path &path : paths_) path.blank = path.total(), path.letter = 0;
  }

  std::vector<Path> &paths() { return paths_; }
  const std::vector<Path> &paths() const { return paths_; }
  const Path &best() const { return paths_[best_]; }
  // What all other paths are together.
  double others() const {
    double sum = 0;
    for (size_t i = 0; i < paths_.size(); ++i) sum += i == best_ ? 0 : paths_[i].total();
    return sum;
  }
  // Probabilities are to be multiplied by 2^scale().
  int64_t scale() const { return scale_; }
  // What is less likely is not kept.
  double floor() const { return floor_; }
  // Whether a path was offered in this frame.
  bool has_next() const { return !next_.empty(); }

  // Begins a frame.
  void begin() {
    table_.clear();
    next_.clear();
    floor_ = 0;
  }

  // What is less likely than all of a full beam will not be kept, so its words need not be scored. What it would add to
  // paths that are kept is lost.
  void raise_floor() {
    if (next_.size() != size_) return;
    const auto less = [](const Path &a, const Path &b) { return a.total() < b.total(); };
    floor_ = std::max(floor_, std::min_element(next_.begin(), next_.end(), less)->total());
  }

  // Joins a path with the one of the same state and letters, if there is one; then the words of the likelier one stay.
  void offer(const Path &path) {
    const double total = path.total();
    if (total <= floor_) return;
    floor_ = std::max(floor_, total * worst_);
    const int count = static_cast<int>(next_.size());
    const int at = table_.find_or_add(path.state_hash, path.node, count, [&](int i) {
      const Path &other = next_[static_cast<size_t>(i)];
      return other.node == path.node && (other.history == path.history ||
                                         history_[other.history].state == history_[path.history].state);
    });
    if (at == count) {
      next_.push_back(path);
      return;
    }
    Path &other = next_[static_cast<size_t>(at)];
    if (notes_losers_ && other.history != path.history) note_loser(total, path.history, other);
    if (other.history == path.history) {
      if (total > other.total()) other.first_frame = path.first_frame, other.last_frame = path.last_frame;
      other.blank += path.blank;
      other.letter += path.letter;
      floor_ = std::max(floor_, other.total() * worst_);
    } else if (total > other.total()) {
      other = path;
    }
  }

  // Ends a frame: keeps the best paths, and scales them. Where none was offered, those before stay.
  void end() {
    if (next_.empty()) return;
    order_.clear();
    for (size_t i = 0; i < next_.size(); ++i) {
      if (next_[i].total() >= floor_) order_.push_back(static_cast<int>(i));
    }
    if (order_.size() > size_) {
      const auto better = [this](int a, int b) {
        const double left = next_[static_cast<size_t>(a)].total(), right = next_[static_cast<size_t>(b)].total();
        return left != right ? left > right : a < b;
      };
      select_best(order_.data(), size_, order_.data() + order_.size(), better);
      order_.resize(size_);
    }
    paths_.clear();
    for (const int i : order_) paths_.push_back(next_[static_cast<size_t>(i)]);
    best_ = 0;
    for (size_t i = 1; i < paths_.size(); ++i) best_ = paths_[i].total() > best().total() ? i : best_;
    int exponent;
    frexp(best().total(), &exponent);
    scale_ += exponent;
    const double factor = ldexp(1.0, -exponent);
    for (Path &path : paths_) path.blank *= factor, path.letter *= factor;
  }

 private:
  static constexpr double kFaint = 1e-3;  // beside the likelier one of two histories that meet

  // Where two histories meet, the one that ends is another text's, unless it is far less likely, as one is that has waited
  // while the other went on.
  void note_loser(double total, int history, const Path &other) {
    const double less = std::min(total, other.total()), more = std::max(total, other.total());
    if (less >= kFaint * more) history_.join(history, other.history);
  }

  const size_t size_;
  const double worst_;
  const bool notes_losers_;
  History &history_;
  PathTable table_;
  std::vector<Path> paths_, next_;
  std::vector<int> order_;
  size_t best_ = 0;
  double floor_ = 0;
  int64_t scale_ = 0;
};

}  // namespace schatten
#endif
