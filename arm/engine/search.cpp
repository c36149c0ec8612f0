// Prefix beam search over a lexicon with a language model. A word sequence W scores, in natural logs,
// log P(W | audio) + weight * log P(W) + bonus * words of W; the first term sums over the paths of CTC. Inside of a word
// the best unigram below counts for the language model; what it adds is taken back at the word's end. Of two histories
// after which the language model knows the same, the likelier one goes on.
//
// With a separator, as characters have one, it takes a frame to end a word. Without one, as for phones, a word ends in the
// frame in which its last unit begins, and the path is then at the root, where it remembers that unit: more frames of it
// belong to the word, and the next word begins with the same unit only after a blank.
//
// A stream's own words and phrases lie in a trie beside the lexicon: its root is the lexicon's, its other nodes are numbered
// from the lexicon's count on, and where a phrase goes on a path is again at the beginning of a word.
//
// Probabilities are kept as such, not as logs, and scaled by powers of two so that the best path's is 0.5 to 1.
#include <math.h>

#include <algorithm>
#include <utility>

#include "alternatives.h"
#include "exponential.h"
#include "language_model.h"
#include "manifest.h"
#include "options.h"
#include "paths.h"
#include "stream_words.h"
#include "transcript.h"

namespace schatten {

namespace {

constexpr float kLeastLogProb = -300;  // such that no product leaves the range of double
constexpr double kUnlikely = 0.01;
constexpr double kFaint = 1e-3;  // beside the likelier one of two histories that meet

// kParted: a separator parts words. kOwn: the stream has words of its own. The compiler makes a search for each case, so that
// the innermost loop need not ask.
template <bool kParted, bool kOwn>
class Search : public Decoder {
 public:
  Search(const LanguageModel &model, const schatten_options &options, double seconds_per_frame,
         std::unique_ptr<const StreamWords> own)
      : model_(model),
        lexicon_(model.lexicon()),
        own_(std::move(own)),
        own_begin_(lexicon_.node_count()),
        separator_(model.separator()),
        beam_size_(static_cast<size_t>(options.beam)),
        token_beam_(static_cast<size_t>(std::min(options.token_beam, model.units()))),
        weight_(options.lm_weight),
        bonus_(options.word_bonus),
        worst_(exponential(-options.beam_threshold)),
        history_(beam_size_, model.endings() + (kOwn ? own_->most_endings() : 0), options.alternatives > 0),
        alternatives_(options.alternatives ? beam_size_ : 0),
        wanted_(static_cast<size_t>(options.alternatives)),
        temperature_(options.temperature),
        transcript_(lexicon_, own_.get(), history_, kParted, seconds_per_frame),
        table_(beam_size_ * successors()),
        probabilities_(static_cast<size_t>(model.units())),
        likely_(probabilities_.size()) {
    beam_.reserve(beam_size_);
    next_.reserve(beam_size_ * successors());
    order_.reserve(std::max(next_.capacity(), probabilities_.size()));
    needed_.reserve(beam_size_);
    for (int child = lexicon_.node(0).first_child; child < lexicon_.children_end(0); ++child) {
      first_factors_.push_back(exponential(weight_ * static_cast<double>(lexicon_.node(child).best)));
    }
    reset(0);
  }

  void push(const float *logprobs) override {
    find_likely(logprobs);
    if (history_.is_full()) sweep();
    step();
    ++frame_;
  }

  void finish() override {
    const Path before = best();
    kParted ? end_by_separator() : end_without();
    const Path *ending = nullptr;
    double likeliest = 0;
    alternatives_.clear();
    for (const Path &path : next_.empty() ? next_ : beam_) {
      if (kOwn && path.node != 0) continue;  // inside of a phrase
      const double total = path.total() * exponential(weight_ * model_.ngrams().end(history_[path.history].state));
      if (total > likeliest) ending = &path, likeliest = total;
      if (wanted_ && total > 0) alternatives_.add_end({log(total), path.history});
    }
    score_ = likeliest > 0 ? log(likeliest) + static_cast<double>(scale_) * 0.6931471805599453 : -HUGE_VAL;
    const Path &last = ending ? *ending : before;
    transcript_.show(last, !is_at_start(last), -1);
    if (!wanted_ || !ending) return;
    alternatives_.collect(history_, {log(likeliest), ending->history});
    weigh(temperature_);
  }

  void weigh(double temperature) override {
    alternatives_.weigh(temperature);
    transcript_.set_confidences(alternatives_.confidences());
  }

  size_t alternatives() const override { return std::min(wanted_, alternatives_.texts().size()); }

  Scored alternative(size_t index) const override {
    const Alternatives::Text &text = alternatives_.texts()[index];
    return {score_ + (text.weight - alternatives_.texts()[0].weight), text.posterior};
  }

  void write_alternative(size_t index, std::string *text) const override {
    const Alternatives::Text &one = alternatives_.texts()[index];
    text->clear();
    for (size_t i = one.begin; i < one.end; ++i) {
      if (i > one.begin) *text += ' ';
      text->append(transcript_.letters_of(alternatives_.words()[i]));
    }
  }

  void refresh() override {
    if (refreshed_ == frame_) return;
    refreshed_ = frame_;
    const Path &path = best();
    transcript_.show(path, !is_at_start(path), word_at(path));
  }

  void reset(double start) override {
    frame_ = 0;
    scale_ = 0;
    score_ = -HUGE_VAL;
    history_.clear(model_.ngrams().start());
    beam_.assign(1, {history_[0].state_hash, 0, 0, 0, 0, 1, 0});
    best_ = 0;
    silent_since_ = 0;
    refreshed_ = -1;
    alternatives_.clear();
    transcript_.clear(start);
  }

  bool has_begun() const override { return best().history > 0 || best().node != 0; }

  int64_t silent_frames() const override { return frame_ - (has_begun() ? best().last_frame + 1 : silent_since_); }

  bool is_sure() const override {
    double others = 0;
    for (size_t i = 0; i < beam_.size(); ++i) others += i == best_ ? 0 : beam_[i].total();
    return others <= kUnlikely * best().total();
  }

  void forget() override {
    beam_.assign(1, Path(best()));
    best_ = 0;
    silent_since_ = frame_;
    sweep();
  }

  double score() const override { return score_; }
  const std::string &text() const override { return transcript_.text(); }
  const std::vector<schatten_word> &words() const override { return transcript_.words(); }

 private:
  const Path &best() const { return beam_[best_]; }
  // Where a path is in the lexicon.
  static int place(const Path &path) { return std::max(path.node, 0); }
  bool is_own(const Path &path) const { return kOwn && path.node >= own_begin_; }
  const StreamWords::Node &own_node(const Path &path) const { return own_->node(path.node - own_begin_); }
  // Whether a path is between words.
  bool is_at_start(const Path &path) const { return is_own(path) ? own_node(path).is_start : path.node <= 0; }
  // The unit that a path would go on with by repeating it; the blank at the beginning, without a separator.
  int last_unit(const Path &path) const {
    if (is_own(path)) return own_node(path).unit;
    return path.node > 0 ? lexicon_.node(path.node).unit : path.node < 0 ? -path.node : separator_;
  }

  // A word that a path spells, or -1.
  int word_at(const Path &path) const {
    if (is_own(path)) {
      const StreamWords::Node &node = own_node(path);
      return node.first_ending < node.endings_end ? own_->ending(node.first_ending).word : -1;
    }
    const int at = place(path);
    return lexicon_.node(at).first_word < lexicon_.words_end(at) ? lexicon_.word_at(lexicon_.node(at).first_word) : -1;
  }

  // How many paths a path may become.
  size_t successors() const {
    const size_t own = kOwn ? std::min(token_beam_, own_->most_children()) + own_->most_endings() : 0;
    return model_.successors(token_beam_) + own;
  }

  // Turns a frame into probabilities; only the likeliest units may begin.
  void find_likely(const float *logprobs) {
    const size_t count = probabilities_.size();
    for (size_t i = 0; i < count; ++i) probabilities_[i] = exponential(std::max(logprobs[i], kLeastLogProb));
    likely_ = probabilities_;
    if (token_beam_ >= count) return;
    order_.resize(count);
    for (size_t i = 0; i < count; ++i) order_[i] = static_cast<int>(i);
    const auto middle = order_.begin() + static_cast<ptrdiff_t>(token_beam_);
    std::nth_element(order_.begin(), middle, order_.end(), [=](int a, int b) {
      return logprobs[a] != logprobs[b] ? logprobs[a] > logprobs[b] : a < b;
    });
    for (auto unit = middle; unit != order_.end(); ++unit) likely_[static_cast<size_t>(*unit)] = 0;
  }

  void step() {
    table_.clear();
    next_.clear();
    floor_ = 0;
    for (const Path &path : beam_) stay(path);
    if (!kParted && next_.size() == beam_size_) raise_floor();
    for (const Path &path : beam_) extend(path);
    prune();
  }

  // What is less likely than all of a full beam will not be kept, so its words need not be scored. What it would add to
  // paths that are kept is lost; with a separator that would change results of before.
  void raise_floor() {
    const auto less = [](const Path &a, const Path &b) { return a.total() < b.total(); };
    floor_ = std::max(floor_, std::min_element(next_.begin(), next_.end(), less)->total());
  }

  // A blank, or the same unit again; a separator may also follow a blank, for any number of them parts two words.
  void stay(const Path &path) {
    const bool is_parted = kParted && is_at_start(path);
    Path next = path;
    next.blank = path.total() * probabilities_[0];
    next.letter = (is_parted ? path.total() : path.letter) * probabilities_[static_cast<size_t>(last_unit(path))];
    if (!is_parted && next.letter > next.blank) next.last_frame = frame_;
    offer(next);
  }

  void extend(const Path &path) {
    if (is_own(path)) return extend_own(path, own_node(path));
    if (kOwn && path.node <= 0) extend_own(path, own_->node(0));
    const int at = place(path), last = last_unit(path);
    const Lexicon::Node &node = lexicon_.node(at);
    const double total = path.total();
    Path next = path;
    next.blank = 0;
    next.last_frame = frame_;
    if (at == 0) next.first_frame = frame_;
    for (int child = node.first_child, end = lexicon_.children_end(at); child < end; ++child) {
      const Lexicon::Node &below = lexicon_.node(child);
      next.letter = (below.unit == last ? path.blank : total) * likely_[static_cast<size_t>(below.unit)];
      if (next.letter <= floor_) continue;
      if (at == 0) {
        next.letter *= first_factors_[static_cast<size_t>(child - node.first_child)];
      } else if (below.best != node.best) {
        next.letter *= exponential(weight_ * static_cast<double>(below.best - node.best));
      }
      next.node = child;
      if (kParted) {
        offer(next);
      } else {
        if (path.node < 0) note_times(path, next.letter, history_[path.history]);
        if (below.first_child < lexicon_.children_end(child)) offer(next);
        end_words(next, next.letter);
      }
    }
    if (kParted && at) end_words(path, total * likely_[static_cast<size_t>(separator_)]);
  }

  void extend_own(const Path &path, const StreamWords::Node &node) {
    const int last = last_unit(path);
    const bool is_start = is_at_start(path);
    const double total = path.total();
    Path next = path;
    next.blank = 0;
    next.last_frame = frame_;
    if (is_start) next.first_frame = frame_;
    for (int child = node.first_child; child < node.children_end; ++child) {
      const StreamWords::Node &below = own_->node(child);
      next.letter = (below.unit == last ? path.blank : total) * likely_[static_cast<size_t>(below.unit)] * below.factor;
      if (next.letter <= floor_) continue;
      next.node = own_begin_ + child;
      if (kParted) {
        offer(next);
      } else {
        if (is_start && path.node != 0) note_times(path, next.letter, history_[path.history]);
        if (below.first_child < below.children_end) offer(next);
        end_own_words(next, below, next.letter);
      }
    }
    if (kParted && !is_start) end_own_words(path, node, total * likely_[static_cast<size_t>(separator_)]);
  }

  // Ends every word that is spelled where a path is.
  void end_words(const Path &path, double probability) {
    const Lexicon::Node &node = lexicon_.node(path.node);
    const int words_end = lexicon_.words_end(path.node);
    if (probability <= 0 || node.first_word == words_end) return;
    const double counted = weight_ * static_cast<double>(node.best);
    // No word is likelier than one that the language model is sure of: what fails then is not looked up.
    const double most = probability * exponential(bonus_ - counted);
    for (int i = node.first_word; i < words_end && most > floor_; ++i) {
      const int word = lexicon_.word_at(i);
      if (kOwn && own_->replaces(word)) continue;
      end_word(path, {word, model_.index(word), 0, kParted ? 0 : -node.unit}, probability, counted);
    }
  }

  void end_own_words(const Path &path, const StreamWords::Node &node, double probability) {
    if (probability <= 0) return;
    for (int i = node.first_ending; i < node.endings_end; ++i) {
      const StreamWords::Ending &ending = own_->ending(i);
      const double share = probability * ending.share, counted = node.best - ending.counted;
      if (share * exponential(bonus_ - counted) <= floor_) continue;
      const int to = ending.next ? own_begin_ + ending.next : kParted ? 0 : -node.unit;
      end_word(path, {ending.word, ending.index, ending.extra, to}, share, counted);
    }
  }

  // The times of a history's last word are those of the likeliest path: with a separator of those that end the word, without
  // one of those that go on to the next, for its last unit may last until then.
  void note_times(const Path &path, double probability, History::Entry &entry) {
    if (probability <= entry.arrival) return;
    entry.arrival = probability;
    entry.first_frame = path.first_frame;
    entry.last_frame = path.last_frame;
    transcript_.outdate(entry);
  }

  // A word that a path ends.
  struct Ended {
    int word;
    lm::WordIndex index;  // of the language model
    float extra;          // added to its score
    int to;               // node of the path then
  };

  // `counted`: what the language model counts for already.
  void end_word(const Path &path, const Ended &ended, double probability, double counted) {
    int at = history_.find(path.history, ended.word);
    if (at < 0) {
      History::Entry entry{};
      entry.score = model_.ngrams().score(history_[path.history].state, ended.index, entry.state);
      if (kOwn) entry.score += ended.extra;
      entry.state_hash = lm::ngram::hash_value(entry.state);
      entry.before = path.history;
      entry.word = ended.word;
      at = history_.add(entry);
    }
    History::Entry &entry = history_[at];
    Path next = path;
    next.letter = probability * exponential(weight_ * static_cast<double>(entry.score) + bonus_ - counted);
    if (kParted) note_times(path, next.letter, entry);
    if (wanted_) history_.add_mass(at, next.letter);
    next.blank = 0;
    next.node = ended.to;
    next.history = at;
    next.state_hash = entry.state_hash;
    offer(next);
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
    if (wanted_ && other.history != path.history) note_loser(total, path.history, other);
    if (other.history == path.history) {
      if (total > other.total()) other.first_frame = path.first_frame, other.last_frame = path.last_frame;
      other.blank += path.blank;
      other.letter += path.letter;
      floor_ = std::max(floor_, other.total() * worst_);
    } else if (total > other.total()) {
      other = path;
    }
  }

  // Where two histories meet, the one that ends is another text's, unless it is far less likely, as one is that has waited
  // while the other went on.
  void note_loser(double total, int history, const Path &other) {
    const double less = std::min(total, other.total()), more = std::max(total, other.total());
    if (less >= kFaint * more) history_.join(history, other.history);
  }

  // Keeps the best paths, and scales them.
  void prune() {
    if (next_.empty()) return;
    order_.clear();
    for (size_t i = 0; i < next_.size(); ++i) {
      if (next_[i].total() >= floor_) order_.push_back(static_cast<int>(i));
    }
    if (order_.size() > beam_size_) {
      const auto better = [this](int a, int b) {
        const double left = next_[static_cast<size_t>(a)].total(), right = next_[static_cast<size_t>(b)].total();
        return left != right ? left > right : a < b;
      };
      std::nth_element(order_.begin(), order_.begin() + static_cast<ptrdiff_t>(beam_size_), order_.end(), better);
      order_.resize(beam_size_);
    }
    beam_.clear();
    for (const int i : order_) beam_.push_back(next_[static_cast<size_t>(i)]);
    best_ = 0;
    for (size_t i = 1; i < beam_.size(); ++i) best_ = beam_[i].total() > best().total() ? i : best_;
    int exponent;
    frexp(best().total(), &exponent);
    scale_ += exponent;
    const double factor = ldexp(1.0, -exponent);
    for (Path &path : beam_) path.blank *= factor, path.letter *= factor;
  }

  // A separator that is sure to come ends the last word, and may follow the one that ended it before.
  void end_by_separator() {
    std::fill(probabilities_.begin(), probabilities_.end(), 0.0);
    std::fill(likely_.begin(), likely_.end(), 0.0);
    probabilities_[static_cast<size_t>(separator_)] = likely_[static_cast<size_t>(separator_)] = 1;
    step();
  }

  // Only what is at a word's end, or at the beginning, may end here; the last unit of a word no longer matters.
  void end_without() {
    table_.clear();
    next_.clear();
    floor_ = 0;
    for (Path path : beam_) {
      if (path.node > 0) continue;
      path.node = 0;
      offer(path);
    }
    prune();
  }

  void sweep() {
    needed_.clear();
    for (Path &path : beam_) needed_.push_back(&path.history);
    history_.sweep(needed_);
  }

  const LanguageModel &model_;
  const Lexicon &lexicon_;
  const std::unique_ptr<const StreamWords> own_;
  const int own_begin_;  // the number of their root
  const int separator_;  // 0: none
  const size_t beam_size_, token_beam_;
  const double weight_, bonus_, worst_;  // worst_: the least share of the best path's probability that is kept
  History history_;
  Alternatives alternatives_;
  const size_t wanted_;  // texts, of which the first is the best
  const double temperature_;
  Transcript transcript_;
  PathTable table_;
  std::vector<Path> beam_, next_;
  std::vector<double> probabilities_, likely_;
  std::vector<double> first_factors_;  // what the look-ahead counts for the root's children
  std::vector<int> order_;
  std::vector<int *> needed_;
  size_t best_ = 0;
  double floor_ = 0;  // what is less likely goes
  double score_ = 0;
  int64_t scale_ = 0;  // probabilities are to be multiplied by 2^scale_
  int frame_ = 0, silent_since_ = 0, refreshed_ = -1;
};

}  // namespace

std::unique_ptr<Decoder> LanguageModel::decoder(const schatten_options &options, const Units &units,
                                                double seconds_per_frame, const std::string *words) const {
  require(units_ == units, "the language model was opened for a model of other units: open it for this one");
  checked_search(options);
  if (!words) {
    if (separator_) return std::make_unique<Search<true, false>>(*this, options, seconds_per_frame, nullptr);
    return std::make_unique<Search<false, false>>(*this, options, seconds_per_frame, nullptr);
  }
  // A boost above the threshold would prune all else as soon as a word has begun, before it is said.
  auto own = std::make_unique<const StreamWords>(*words, units_, *lexicon_, ngrams_, options.lm_weight,
                                                 options.beam_threshold / 2);
  if (separator_) return std::make_unique<Search<true, true>>(*this, options, seconds_per_frame, std::move(own));
  return std::make_unique<Search<false, true>>(*this, options, seconds_per_frame, std::move(own));
}

std::unique_ptr<schatten_lm> open_language_model(const schatten_lm_files &files, const Units &units) {
  if (files.manifest) {  // before KenLM reads anything
    const Manifest manifest(files.manifest);
    for (const char *file : {files.binary, files.lexicon, files.look_ahead}) {
      if (file) manifest.require_same(file);
    }
  }
  return std::make_unique<LanguageModel>(files, units);
}

}  // namespace schatten
