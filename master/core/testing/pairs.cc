#include "master/core/testing/pairs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/testing/words.h"

namespace fectl::core {
namespace {

constexpr std::string_view kBar = " | ";
constexpr size_t kEventWidth = 26;

bool Writes() {
  return std::getenv("PAIRS_WRITE") != nullptr;
}

std::string WithoutTrailingSpace(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

Pairs::Pairs(std::string name) : path_("testdata/pairs/" + std::move(name) + ".txt") {
  std::ifstream file(path_);
  EXPECT_TRUE(file.is_open()) << path_;
  std::string state;
  for (std::string line; std::getline(file, line);) {
    const size_t bar = line.find(kBar);
    if (line.starts_with('#')) {
      head_ += line + "\n";
    } else if (line.starts_with('[')) {
      state = line.substr(1, line.find(']') - 1);
    } else if (bar != std::string::npos) {
      const std::string event = WithoutTrailingSpace(line.substr(0, bar));
      pairs_.push_back({state, event, line.substr(bar + kBar.size()), ""});
    } else {
      EXPECT_EQ(line, "") << path_ << ": no state, pair or comment";
    }
  }
}

Pairs::Pair& Pairs::Find(const std::string& state, const std::string& event) {
  const auto found = std::find_if(pairs_.begin(), pairs_.end(), [&](const Pair& pair) {
    return pair.state == state && pair.event == event;
  });
  if (found != pairs_.end()) return *found;
  // Behind the other pairs of its state.
  auto place = pairs_.end();
  for (auto pair = pairs_.begin(); pair != pairs_.end(); ++pair) {
    if (pair->state == state) place = pair + 1;
  }
  return *pairs_.insert(place, {state, event, "", ""});
}

void Pairs::Expect(const std::string& state, const std::string& event, const std::string& outcome) {
  if (outcome.empty()) return Expect(state, event, "", "ignored: ");
  Expect(state, event, outcome, "");
}

void Pairs::ExpectNever(const std::string& state, const std::string& event) {
  Expect(state, event, "", "never: ");
}

void Pairs::Expect(const std::string& state, const std::string& event, const std::string& outcome,
                   const std::string& word_of_reason) {
  Pair& pair = Find(state, event);
  EXPECT_EQ(pair.found, "") << path_ << ": [" << state << "] " << event << " was expected twice";
  if (word_of_reason.empty()) {
    pair.found = outcome;
  } else if (pair.outcome.starts_with(word_of_reason) && pair.outcome.size() > word_of_reason.size()) {
    pair.found = pair.outcome;
  } else {
    pair.found = word_of_reason;
  }
  if (Writes()) return;
  EXPECT_EQ(pair.outcome, pair.found) << path_ << ": [" << state << "] " << event;
}

void Pairs::Finish() const {
  for (const Pair& pair : pairs_) {
    EXPECT_NE(pair.found, "") << path_ << ": [" << pair.state << "] " << pair.event
                              << ": there is no such pair";
  }
  if (Writes()) Write();
}

void Pairs::Write() const {
  std::ofstream file(path_);
  file << head_;
  std::string state;
  for (const Pair& pair : pairs_) {
    if (pair.found.empty()) continue;
    if (pair.state != state) file << "\n[" << pair.state << "]\n";
    state = pair.state;
    const size_t width = std::max(kEventWidth, pair.event.size());
    file << pair.event << std::string(width - pair.event.size(), ' ') << kBar << pair.found << "\n";
  }
}

std::vector<std::string> ToWords(const Effects& effects) {
  const auto name = [](const Incarnation& who) { return " #" + std::to_string(who.generation); };
  std::vector<std::string> words;
  for (const Effect& effect : effects) {
    if (const auto* spawn = std::get_if<Spawn>(&effect)) {
      words.push_back("spawn" + name(spawn->who));
    } else if (const auto* send = std::get_if<Send>(&effect)) {
      words.push_back(std::string(Word(send->order)) + name(send->who));
    } else if (const auto* signal = std::get_if<Signal>(&effect)) {
      words.push_back(std::string(Word(signal->sig)) + name(signal->who));
    } else if (const auto* examine = std::get_if<Examine>(&effect)) {
      words.push_back("examine" + name(examine->who));
    } else if (const auto* reply = std::get_if<Reply>(&effect)) {
      words.push_back("reply " + std::string(Word(reply->answer)) +
                      (reply->words.empty() ? "" : " \"" + reply->words + "\""));
    } else if (const auto* report = std::get_if<Report>(&effect)) {
      words.push_back("note " + std::string(ToWord(report->record.milestone)));
    } else if (const auto* drop = std::get_if<DropPlan>(&effect)) {
      words.push_back("drop plan " + std::to_string(drop->plan));
    } else if (std::holds_alternative<ForgetService>(effect)) {
      words.emplace_back("forget the service");
    } else if (std::holds_alternative<Finish>(effect)) {
      words.emplace_back("finish");
    }
  }
  return words;
}

std::string Outcome(const std::string& state, const std::vector<std::string>& decided) {
  std::string text = state;
  for (size_t i = 0; i < decided.size(); ++i) text += (i == 0 ? ": " : ", ") + decided[i];
  return text;
}

}  // namespace fectl::core
