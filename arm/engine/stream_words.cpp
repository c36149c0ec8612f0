#include "stream_words.h"

#include <math.h>

#include <algorithm>
#include <locale>
#include <sstream>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "failure.h"
#include "stream_trie.h"
#include "utf8.h"

namespace schatten {

namespace {

constexpr double kDefaultBoost = 1;  // the largest that cost nothing on dev of a synthetic corpus (docs/how_to/words_and_confidence.md)
constexpr double kHighestBoost = 50;
constexpr size_t kMostLines = 10000;
constexpr size_t kMostPhraseWords = 16;
constexpr size_t kLongestSpelling = 500;
constexpr size_t kLongestShown = 60;  // bytes of a user's word in a message

// The parts of a text between any of some bytes; empty parts are none.
std::vector<std::string> parts(const std::string &text, const char *between) {
  std::vector<std::string> found;
  for (size_t from = 0; (from = text.find_first_not_of(between, from)) != std::string::npos;) {
    const size_t to = std::min(text.find_first_of(between, from), text.size());
    found.push_back(text.substr(from, to - from));
    from = to;
  }
  return found;
}

// A word as messages show it: in whole letters, and not too long.
std::string quoted(const std::string &word) {
  std::string shown;
  for (size_t at = 0, length; at < word.size() && shown.size() < kLongestShown; at += length) {
    length = utf8_letter(word, at);
    const bool is_seen = length > 1 || (length == 1 && static_cast<unsigned char>(word[at]) >= 0x20 && word[at] != 0x7F);
    if (length == 0) length = 1;
    is_seen ? shown.append(word, at, length) : shown.append("?");
  }
  return "`" + shown + "`";
}

}  // namespace

struct StreamWords::Line {
  int number;
  std::vector<std::string> words;
  Grams::Letters spelling;
  double boost;

  bool is_phrase() const { return words.size() > 1; }
  [[noreturn]] void refuse(const std::string &problem) const { throw Error("line " + std::to_string(number) + " " + problem); }
};

// Turns lines into words that are spelled, and phrases of them.
class StreamWords::Reader {
 public:
  Reader(const Units &units, const Grams &grams, const Lexicon &lexicon, const Ngrams &ngrams, double weight, double ahead)
      : units_(units), grams_(grams), lexicon_(lexicon), ngrams_(ngrams), weight_(weight), ahead_(ahead) {
    for (size_t i = 0; i < units.names.size(); ++i) indices_.emplace(units.names[i], static_cast<uint16_t>(i));
  }

  void read(const std::string &content) {
    const size_t mark = content.compare(0, 3, "\xEF\xBB\xBF") == 0 ? 3 : 0;  // which editors put before a text
    int number = 0;
    for (size_t at = mark, end; at < content.size(); at = end + 1) {
      end = std::min(content.find('\n', at), content.size());
      ++number;
      std::string line = content.substr(at, end - at);
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (line.find_first_not_of(" \t") == std::string::npos) continue;
      require(lines_.size() < kMostLines, "it has more than " + std::to_string(kMostLines) + " lines: keep the words that are needed");
      lines_.push_back(parsed(line, number));
    }
    require(!lines_.empty(), "it holds no word: write lines `WORD`, `WORD TAB UNITS` or `WORD TAB UNITS TAB BOOST`");
    for (const Line &one : lines_) add(one);
    for (const Line &one : lines_) {
      if (!one.is_phrase()) continue;
      for (const std::string &word : one.words) place(word, one.number);
    }
    look_up();
    for (Word &word : words) complete(word);
  }

  // The words of a phrase.
  std::vector<const Word *> of(const Line &line) const {
    std::vector<const Word *> found;
    for (const std::string &word : line.words) found.push_back(&words[places_.at(word)]);
    return found;
  }

  std::vector<Word> words;
  std::vector<const Line *> phrases;

 private:
  Line parsed(const std::string &text, int number) const {
    Line line{number, {}, {}, kDefaultBoost};
    const size_t first = std::min(text.find('\t'), text.size()), second = std::min(text.find('\t', first + 1), text.size());
    line.words = parts(text.substr(0, first), " ");
    if (line.words.empty() || (second < text.size() && text.find('\t', second + 1) != std::string::npos)) {
      line.refuse("is not `WORD TAB UNITS TAB BOOST`");
    }
    if (line.words.size() > kMostPhraseWords) line.refuse("has more than " + std::to_string(kMostPhraseWords) + " words: make the phrase shorter");
    if (first < text.size()) line.spelling = spelled(text.substr(first + 1, second - first - 1), line);
    if (second < text.size()) line.boost = boost(text.substr(second + 1), line);
    if (!line.is_phrase()) return line;
    if (!line.spelling.empty()) line.refuse("spells a phrase: give its words lines of their own");
    if (!(line.boost > 0)) line.refuse("gives a phrase the boost " + quoted(text.substr(second + 1)) + ": it must be above 0");
    return line;
  }

  Grams::Letters spelled(const std::string &text, const Line &line) const {
    Grams::Letters found;
    for (const std::string &unit : parts(text, " ")) {
      const auto known = indices_.find(unit);
      if (known == indices_.end() || known->second == 0 || known->second == units_.separator) {
        line.refuse("spells with " + quoted(unit) + ", which is no unit of the model: the columns are the word, its units and the boost");
      }
      const Grams::Letters &letters = grams_.letters(known->second);
      found.insert(found.end(), letters.begin(), letters.end());
    }
    if (found.size() > kLongestSpelling) line.refuse("has more than " + std::to_string(kLongestSpelling) + " units: make the word shorter");
    return found;
  }

  static double boost(const std::string &text, const Line &line) {
    const std::vector<std::string> only = parts(text, " ");
    if (only.empty()) return kDefaultBoost;
    std::istringstream in(only[0]);
    in.imbue(std::locale::classic());  // whatever locale the program around us has
    double value = 0;
    const bool has_signs = only.size() == 1 && only[0].find_first_not_of("+-.0123456789eE") == std::string::npos;
    const bool is_number = has_signs && (in >> value) && in.peek() == std::istringstream::traits_type::eof();
    if (!is_number || !(fabs(value) <= kHighestBoost)) {
      line.refuse("has the boost " + quoted(text) + ": it must be a number from -50 to 50");
    }
    return value;
  }

  Word &place(const std::string &letters, int line) {
    const auto [at, is_new] = places_.emplace(letters, words.size());
    if (is_new) words.push_back({letters, line, -1, false, 0, {}, 0, 0, 0});
    return words[at->second];
  }

  void add(const Line &line) {
    if (line.is_phrase()) {
      const auto [at, is_new] = phrases_.emplace(joined(line.words), &line);
      if (is_new) phrases.push_back(&line);
      if (at->second->boost != line.boost) line.refuse(again("the phrase", at->second->number));
      return;
    }
    Word &word = place(line.words[0], line.number);
    if (!word.has_line) {
      word.has_line = true;
      word.boost = line.boost;
    } else if (word.boost != line.boost) {
      line.refuse(again(quoted(word.letters), word.line));
    }
    if (!line.spelling.empty()) word.spellings.push_back(line.spelling);
  }

  static std::string again(const std::string &what, int before) {
    return "gives " + what + " another boost than line " + std::to_string(before) + ": give one";
  }

  static std::string joined(const std::vector<std::string> &words) {
    std::string text;
    for (const std::string &word : words) text += word + " ";
    return text;
  }

  // Finds the words that the lexicon has, and how it spells them.
  void look_up() {
    std::vector<size_t> own(static_cast<size_t>(lexicon_.word_count()), words.size());  // places of the lexicon's words
    bool is_any = false;
    for (int id = 0; id < lexicon_.word_count(); ++id) {
      const auto found = places_.find(lexicon_.word(id));
      if (found == places_.end()) continue;
      words[found->second].id = id;
      own[static_cast<size_t>(id)] = found->second;
      is_any = true;
    }
    if (!is_any) return;
    // Nodes lie behind their parents, and each is the child of one.
    std::vector<int> parents(static_cast<size_t>(lexicon_.node_count()), -1);
    for (int at = 0; at < lexicon_.node_count(); ++at) {
      for (int child = lexicon_.node(at).first_child; child < lexicon_.children_end(at); ++child) parents[static_cast<size_t>(child)] = at;
      for (int i = lexicon_.node(at).first_word; i < lexicon_.words_end(at); ++i) {
        const size_t place = own[static_cast<size_t>(lexicon_.word_at(i))];
        if (place == words.size()) continue;
        Grams::Letters spelling;
        for (int up = at; up > 0; up = parents[static_cast<size_t>(up)]) spelling.push_back(static_cast<uint16_t>(lexicon_.node(up).unit));
        words[place].spellings.push_back(grams_.letters({spelling.rbegin(), spelling.rend()}));
      }
    }
  }

  // Spells a word that has no spelling yet, and weighs it. What the language model does not know costs as much as a word of
  // the lexicon would if all were equally frequent, and, as with any word that it knows without a context, what it takes to
  // back off from the words before.
  void complete(Word &word) {
    if (word.spellings.empty()) word.spellings.push_back(by_letters(word));
    std::sort(word.spellings.begin(), word.spellings.end());
    word.spellings.erase(std::unique(word.spellings.begin(), word.spellings.end()), word.spellings.end());
    word.index = ngrams_.index(word.letters);
    const float unigram = ngrams_.unigram(word.index);
    if (word.index == ngrams_.unknown()) word.extra = -static_cast<float>(log(lexicon_.word_count())) - unigram;
    word.value = weight_ * static_cast<double>(unigram + word.extra) + std::min(word.boost, ahead_);
  }

  Grams::Letters by_letters(const Word &word) const {
    const Line line{word.line, {}, {}, 0};
    if (units_.kind != Units::kCharacters && units_.kind != Units::kGrams) {
      line.refuse("has " + quoted(word.letters) + ", which the lexicon lacks: give its units in the second column of a line of its own (`schatten pronounce` writes them)");
    }
    Grams::Letters found;
    for (size_t at = 0, length; at < word.letters.size(); at += length) {
      length = utf8_letter(word.letters, at);
      const std::string letter = word.letters.substr(at, std::max<size_t>(length, 1));
      const auto known = length ? indices_.find(letter) : indices_.end();
      if (known == indices_.end() || known->second == units_.separator) {
        line.refuse("has " + quoted(word.letters) + ", but the model writes no " + quoted(letter) + ": use the letters of its transcripts");
      }
      found.push_back(known->second);
    }
    if (found.size() > kLongestSpelling) line.refuse("has more than " + std::to_string(kLongestSpelling) + " letters: make the word shorter");
    return found;
  }

  const Units &units_;
  const Grams &grams_;
  const Lexicon &lexicon_;
  const Ngrams &ngrams_;
  const double weight_, ahead_;
  std::vector<Line> lines_;
  std::unordered_map<std::string, uint16_t> indices_;
  std::unordered_map<std::string, size_t> places_;
  std::unordered_map<std::string, const Line *> phrases_;
};

StreamWords::StreamWords(const std::string &lines, const Units &units, const Grams &grams, const Lexicon &lexicon,
                         const Ngrams &ngrams, double weight, double ahead)
    : replaced_(static_cast<size_t>(lexicon.word_count())), first_new_(lexicon.word_count()) {
  Reader reader(units, grams, lexicon, ngrams, weight, ahead);
  reader.read(lines);
  Trie trie(units.separator, ahead);
  for (Word &word : reader.words) {
    if (word.id < 0) {
      word.id = first_new_ + static_cast<int>(new_words_.size());
      new_words_.push_back(word.letters);
    } else if (word.has_line || word.index == ngrams.unknown()) {  // its score is another than the lexicon's
      replaced_[static_cast<size_t>(word.id)] = true;
    } else {
      continue;  // it is found in the lexicon
    }
    trie.add(word);
  }
  for (const Line *phrase : reader.phrases) trie.add(reader.of(*phrase), phrase->boost);
  trie.lay_out(this, grams);
  for (const Node &node : nodes_) {
    most_children_ = std::max(most_children_, static_cast<size_t>(node.children_end - node.first_child));
    size_t endings = static_cast<size_t>(node.endings_end - node.first_ending);
    if (!units.separator) {  // a path ends the words of the children that it goes on to
      endings = 0;
      for (int child = node.first_child; child < node.children_end; ++child) {
        endings += static_cast<size_t>(this->node(child).endings_end - this->node(child).first_ending);
      }
    }
    most_endings_ = std::max(most_endings_, endings);
  }
}

}  // namespace schatten
