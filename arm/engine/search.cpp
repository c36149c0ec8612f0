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
// Where units are grams, the lexicon has a node for each gram that ends at a letter of a word, so paths go through a word in
// all its segmentations. They meet at its end, where their probabilities add up.
#include <math.h>

#include <algorithm>
#include <utility>

#include "alternatives.h"
#include "beam.h"
#include "exponential.h"
#include "frame_units.h"
#include "language_model.h"
#include "options.h"
#include "paths.h"
#include "stream_words.h"
#include "transcript.h"

namespace schatten {

namespace {

constexpr double kUnlikely = 0.01;
constexpr double kLogOfTwo = 0.6931471805599453;

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
        history_(beam_size_, model.endings() + (kOwn ? own_->most_endings() : 0), options.alternatives > 0),
        alternatives_(options.alternatives ? beam_size_ : 0),
        wanted_(static_cast<size_t>(options.alternatives)),
        temperature_(options.temperature),
        transcript_(lexicon_, own_.get(), history_, kParted, seconds_per_frame),
        beam_(beam_size_, successors(), exponential(-options.beam_threshold), wanted_ > 0, &history_),
        units_(static_cast<size_t>(model.units()), token_beam_) {
    needed_.reserve(beam_size_);
    for (int child = lexicon_.node(0).first_child; child < lexicon_.children_end(0); ++child) {
      first_factors_.push_back(exponential(weight_ * static_cast<double>(lexicon_.node(child).best)));
    }
    first_children_.reserve(first_factors_.size());
    reset(0);
  }

  void push(const float *logprobs) override {
    units_.read(logprobs);
    if (history_.is_full()) sweep();
    step();
    ++frame_;
  }

  void rest() override {
    beam_.rest();
    ++frame_;
  }

  void finish() override {
    const Path before = best();
    kParted ? end_by_separator() : end_without();
    const Path *ending = nullptr;
    double likeliest = 0;
    alternatives_.clear();
    for (const Path &path : beam_.paths()) {
      if (!beam_.has_next()) break;  // no path may end here
      if (kOwn && path.node != 0) continue;  // inside of a phrase
      const double total = path.total() * exponential(weight_ * model_.ngrams().end(history_[path.history].state));
      if (total > likeliest) ending = &path, likeliest = total;
      if (wanted_ && total > 0) alternatives_.add_end({log(total), path.history});
    }
    score_ = likeliest > 0 ? log(likeliest) + static_cast<double>(beam_.scale()) * kLogOfTwo : -HUGE_VAL;
    likeliest_ = likeliest;
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
    score_ = -HUGE_VAL;
    likeliest_ = 0;
    history_.clear(model_.ngrams().start());
    beam_.reset({history_[0].state_hash, 0, 0, 0, 0, 1, 0});
    silent_since_ = 0;
    refreshed_ = -1;
    alternatives_.clear();
    transcript_.clear(start);
  }

  bool has_begun() const override { return best().history > 0 || best().node != 0; }

  int64_t silent_frames() const override { return frame_ - (has_begun() ? best().last_frame + 1 : silent_since_); }

  bool is_sure() const override {
    return beam_.others() <= kUnlikely * best().total();
  }

  void forget() override {
    beam_.keep(Path(best()));
    silent_since_ = frame_;
    sweep();
  }

  double score() const override { return score_; }
  double fit() const override {
    return logarithm(likeliest_ > 0 ? likeliest_ : best().total()) + static_cast<double>(beam_.scale()) * kLogOfTwo;
  }
  const std::string &text() const override { return transcript_.text(); }
  const std::vector<schatten_word> &words() const override { return transcript_.words(); }

 private:
  const Path &best() const { return beam_.best(); }
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

  void step() {
    beam_.begin();
    first_children_.clear();
    for (int child = lexicon_.node(0).first_child; child < lexicon_.children_end(0); ++child) {
      if (units_.begun(lexicon_.node(child).unit) > 0) first_children_.push_back(child);
    }
    for (const Path &path : beam_.paths()) stay(path);
    if (!kParted) beam_.raise_floor();  // with a separator that would change results of before
    for (const Path &path : beam_.paths()) extend(path);
    beam_.end();
  }

  // A blank, or the same unit again; a separator may also follow a blank, for any number of them parts two words.
  void stay(const Path &path) {
    const bool is_parted = kParted && is_at_start(path);
    Path next = path;
    next.blank = path.total() * units_.repeated(0);
    next.letter = (is_parted ? path.total() : path.letter) * units_.repeated(last_unit(path));
    if (!is_parted && next.letter > next.blank) next.last_frame = frame_;
    beam_.offer(next);
  }

  void extend(const Path &path) {
    if (is_own(path)) return extend_own(path, own_node(path));
    if (kOwn && path.node <= 0) extend_own(path, own_->node(0));
    const int at = place(path), last = last_unit(path);
    const Lexicon::Node &node = lexicon_.node(at);
    const double total = path.total(), blank = path.blank;
    // Most paths can go on with nothing that is kept.
    if (total * units_.most_begun() > beam_.floor()) {
      Path next = path;
      next.blank = 0;
      next.last_frame = frame_;
      const Lexicon::Node *const nodes = &lexicon_.node(0);
      const double *const begun = units_.begun();
      const auto go_on = [&, nodes, begun, total, blank, last](int child) {
        const int unit = nodes[child].unit;
        const double letter = (unit == last ? blank : total) * begun[unit];
        if (letter <= beam_.floor()) return;
        next.letter = letter;
        enter(path, node, child, &next);
      };
      if (at == 0) {
        next.first_frame = frame_;
        for (const int child : first_children_) go_on(child);
      } else {
        for (int child = node.first_child, end = lexicon_.children_end(at); child < end; ++child) go_on(child);
      }
    }
    if (kParted && at) end_words(path, total * units_.begun(separator_));
  }

  // Lets a path go on to a child of its node. `next`: the path then, but for its node and what the language model says.
  void enter(const Path &path, const Lexicon::Node &node, int child, Path *next) {
    const Lexicon::Node &below = lexicon_.node(child);
    if (path.node <= 0) {
      next->letter *= first_factors_[static_cast<size_t>(child - node.first_child)];
    } else if (below.best != node.best) {
      next->letter *= exponential(weight_ * static_cast<double>(below.best - node.best));
    }
    next->node = child;
    if (kParted) return beam_.offer(*next);
    if (path.node < 0) note_times(path, next->letter, history_[path.history]);
    if (below.first_child < lexicon_.children_end(child)) beam_.offer(*next);
    end_words(*next, next->letter);
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
      next.letter = (below.unit == last ? path.blank : total) * units_.begun(below.unit) * below.factor;
      if (next.letter <= beam_.floor()) continue;
      next.node = own_begin_ + child;
      if (kParted) {
        beam_.offer(next);
      } else {
        if (is_start && path.node != 0) note_times(path, next.letter, history_[path.history]);
        if (below.first_child < below.children_end) beam_.offer(next);
        end_own_words(next, below, next.letter);
      }
    }
    if (kParted && !is_start) end_own_words(path, node, total * units_.begun(separator_));
  }

  // Ends every word that is spelled where a path is.
  void end_words(const Path &path, double probability) {
    const Lexicon::Node &node = lexicon_.node(path.node);
    const int words_end = lexicon_.words_end(path.node);
    if (probability <= 0 || node.first_word == words_end) return;
    const double counted = weight_ * static_cast<double>(node.best);
    // No word is likelier than one that the language model is sure of: what fails then is not looked up.
    const double most = probability * exponential(bonus_ - counted);
    for (int i = node.first_word; i < words_end && most > beam_.floor(); ++i) {
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
      if (share * exponential(bonus_ - counted) <= beam_.floor()) continue;
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
    beam_.offer(next);
  }

  // A separator that is sure to come ends the last word, and may follow the one that ended it before.
  void end_by_separator() {
    units_.make_sure(separator_);
    step();
  }

  // Only what is at a word's end, or at the beginning, may end here; the last unit of a word no longer matters.
  void end_without() {
    beam_.begin();
    for (Path path : beam_.paths()) {
      if (path.node > 0) continue;
      path.node = 0;
      beam_.offer(path);
    }
    beam_.end();
  }

  void sweep() {
    needed_.clear();
    for (Path &path : beam_.paths()) needed_.push_back(&path.history);
    history_.sweep(needed_);
  }

  const LanguageModel &model_;
  const Lexicon &lexicon_;
  const std::unique_ptr<const StreamWords> own_;
  const int own_begin_;  // the number of their root
  const int separator_;  // 0: none
  const size_t beam_size_, token_beam_;
  const double weight_, bonus_;
  History history_;
  Alternatives alternatives_;
  const size_t wanted_;  // texts, of which the first is the best
  const double temperature_;
  Transcript transcript_;
  Beam beam_;
  FrameUnits units_;
  std::vector<double> first_factors_;  // what the look-ahead counts for the root's children
  std::vector<int> first_children_;    // those of the root's children that may begin in this frame
  std::vector<int *> needed_;
  double score_ = 0, likeliest_ = 0;  // of the text, after finish()
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
  auto own = std::make_unique<const StreamWords>(*words, units_, grams_, *lexicon_, ngrams_, options.lm_weight,
                                                 options.beam_threshold / 2);
  if (separator_) return std::make_unique<Search<true, true>>(*this, options, seconds_per_frame, std::move(own));
  return std::make_unique<Search<false, true>>(*this, options, seconds_per_frame, std::move(own));
}

}  // namespace schatten
