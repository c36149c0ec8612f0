#include "commands.h"

#include <stdlib.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "failure.h"
#include "json.h"
#include "text_file.h"

namespace schatten {

namespace {

constexpr int kInfinite = 1 << 30, kMostStates = 200000;
constexpr int kEdit = 1 << 16;  // and one more for a heard word that the sentence does not have: it is kept where it can be
constexpr size_t kMostWords = 200;  // of a command: time and memory grow with each
constexpr std::string_view kSpaces = " \f\n\r\v";  // what parts heard words, but for the tab, which parts cells
constexpr const char *kRemedy = "give the commands.txt of a bundle";

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (size_t at = 0, end; at <= line.size(); at = end + 1) {
    end = std::min(line.find('\t', at), line.size());
    cells.push_back(line.substr(at, end - at));
  }
  return cells;
}

// A whole number in 0..below - 1, or -1.
int number(std::string_view cell, int below) {
  if (cell.empty() || cell.size() > 7 || cell.find_first_not_of("0123456789") != cell.npos) return -1;
  const int value = atoi(std::string(cell).c_str());
  return value < below ? value : -1;
}

}  // namespace

Commands::Commands(const std::string &path) {
  const std::string content = content_of(path, kRemedy);
  int states = 0, line_number = 0;
  for (size_t at = 0, end; at < content.size(); at = end + 1) {
    end = std::min(content.find('\n', at), content.size());
    const std::vector<std::string_view> cells = cells_of(std::string_view(content).substr(at, end - at));
    const auto check = [&](bool holds) {
      require(holds, path + ", line " + std::to_string(line_number) + " is no line of a network of commands: " + kRemedy);
    };
    if (++line_number == 1) {
      check(cells.size() == 5 && cells[0] == "schatten-commands" && cells[1] == "1");
      states = number(cells[2], kMostStates + 1);
      check(states > 0);
      final_ = number(cells[3], states);
      check(final_ >= 0 && (cells[4] == "0" || cells[4] == "1"));
      words_.resize(static_cast<size_t>(states));
      empty_.resize(static_cast<size_t>(states));
      if (cells[4] == "1") a_ = text("a"), an_ = text("an");
      continue;
    }
    check(cells.size() >= 3 && cells[0].size() == 1);
    const int from = number(cells[1], states), to = number(cells[2], states);
    const char kind = cells[0][0];
    check(from >= 0 && to > from && cells.size() == (kind == 'e' ? 3u : 4u));
    check(kind == 'e' || !cells[3].empty());
    check(kind != 'w' || cells[3].find_first_of(kSpaces) == cells[3].npos);  // it could never be heard
    const auto state = static_cast<size_t>(from);
    if (kind == 'w') words_[state].push_back({to, text(cells[3]), Kind::kWord});
    else if (kind == 'e') empty_[state].push_back({to, -1, Kind::kEmpty});
    else if (kind == 'b') empty_[state].push_back({to, text(cells[3]), Kind::kBegin});
    else if (kind == 'x') empty_[state].push_back({to, text(cells[3]), Kind::kEnd});
    else check(false);
  }
  require(states > 0, path + " is empty: " + kRemedy);
  require(leads_to_final(), path + " has no way from its first state to its last: " + kRemedy);
}

int Commands::text(std::string_view of) {
  const auto [found, is_new] = numbers_.emplace(of, static_cast<int>(texts_.size()));
  if (is_new) texts_.emplace_back(of);
  return found->second;
}

bool Commands::leads_to_final() const {
  std::vector<bool> reached(words_.size());
  reached[0] = true;
  for (size_t state = 0; state < words_.size(); ++state) {
    if (!reached[state]) continue;
    for (const auto *arcs : {&words_[state], &empty_[state]}) {
      for (const Arc &arc : *arcs) reached[static_cast<size_t>(arc.to)] = true;
    }
  }
  return reached[static_cast<size_t>(final_)];
}

std::string Commands::json(const std::string &words) const {
  std::vector<Step> steps;
  Column column = first(&steps);
  std::istringstream stream(words);
  size_t count = 0;
  for (std::string word; stream >> word;) {
    if (++count > kMostWords) return "null";
    const auto found = numbers_.find(word);
    column = next(column, found == numbers_.end() ? -1 : found->second, &steps);
  }
  const auto last = static_cast<size_t>(final_);
  if (column.edits[last] >= kInfinite) return "null";  // the shortest command is longer than any edits can say
  return written(column.steps[last], column.edits[last] / kEdit, steps);
}

Commands::Column Commands::first(std::vector<Step> *steps) const {
  Column column{std::vector<int>(words_.size(), kInfinite), std::vector<int>(words_.size(), -1)};
  column.edits[0] = 0;
  spread(&column, steps);
  return column;
}

// The fewest edits to each state after one more word.
Commands::Column Commands::next(const Column &column, int word, std::vector<Step> *steps) const {
  Column found{std::vector<int>(words_.size(), kInfinite), std::vector<int>(words_.size(), -1)};
  for (size_t state = 0; state < words_.size(); ++state) {
    const int edits = column.edits[state];
    for (const Arc &arc : words_[state]) {
      const auto to = static_cast<size_t>(arc.to);
      const int cost = edits + kEdit * (plain(arc.text) != plain(word));
      if (cost >= found.edits[to]) continue;
      found.edits[to] = cost;
      found.steps[to] = static_cast<int>(steps->size());
      steps->push_back({column.steps[state], arc.text, Kind::kWord});
    }
    if (edits + kEdit + 1 < found.edits[state]) {  // a word that the sentence does not have
      found.edits[state] = edits + kEdit + 1;
      found.steps[state] = column.steps[state];
    }
  }
  spread(&found, steps);
  return found;
}

// Goes on without a word; arcs lead upwards, so each state is whole when it is reached.
void Commands::spread(Column *column, std::vector<Step> *steps) const {
  for (size_t state = 0; state < words_.size(); ++state) {
    const int edits = column->edits[state];
    const auto reach = [&](const Arc &arc, int cost) {
      const auto to = static_cast<size_t>(arc.to);
      if (cost >= column->edits[to]) return;
      column->edits[to] = cost;
      column->steps[to] = column->steps[state];
      if (arc.kind == Kind::kEmpty) return;
      column->steps[to] = static_cast<int>(steps->size());
      steps->push_back({column->steps[state], arc.text, arc.kind});
    };
    for (const Arc &arc : empty_[state]) reach(arc, edits);
    for (const Arc &arc : words_[state]) reach(arc, edits + kEdit);  // a word that was not heard
  }
}

std::string Commands::written(int step, int edits, const std::vector<Step> &steps) const {
  std::vector<Step> way;
  for (; step >= 0; step = steps[static_cast<size_t>(step)].before) way.push_back(steps[static_cast<size_t>(step)]);
  std::reverse(way.begin(), way.end());
  std::string sentence;
  std::map<std::string, std::string> slots;
  size_t begun = 0;
  for (const Step &one : way) {
    const std::string &said = texts_[static_cast<size_t>(one.text)];
    if (one.kind == Kind::kWord) sentence += (sentence.empty() ? "" : " ") + said;
    else if (one.kind == Kind::kBegin) begun = sentence.size() + !sentence.empty();
    else if (begun < sentence.size()) slots[said] = sentence.substr(begun);
  }
  std::string json = "{\"text\": " + json_string(sentence) + ", \"slots\": {";
  for (const auto &[slot, words] : slots) json += (json.back() == '{' ? "" : ", ") + json_string(slot) + ": " + json_string(words);
  return json + "}, \"edits\": " + std::to_string(edits) + "}";
}

}  // namespace schatten
