#include "master/config/command_words.h"

#include <utility>

#include "absl/status/status.h"

namespace fectl::config {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool EscapableInDoubleQuotes(char c) {
  return c == '\\' || c == '"' || c == '$' || c == '`' || c == '\n';
}

}  // namespace

absl::StatusOr<std::vector<std::string>> SplitCommand(std::string_view command) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;  // '' is a word too, and an empty one
  char quote = 0;        // the quote that we are in, or 0
  for (size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == '\'') {
      if (c == '\'') {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\\') {
      if (i + 1 == command.size()) {
        return absl::InvalidArgumentError("ends in a backslash, which needs a character behind it");
      }
      const char next = command[i + 1];
      if (quote == '"' && !EscapableInDoubleQuotes(next)) {
        word += c;
        continue;
      }
      ++i;
      if (next == '\n') continue;
      word += next;
      in_word = true;
    } else if (quote == '"') {
      if (c == '"') {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (IsBlank(c)) {
      if (in_word) words.push_back(std::exchange(word, std::string()));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote == '"') return absl::InvalidArgumentError("has a \" that is never closed");
  if (quote == '\'') return absl::InvalidArgumentError("has a ' that is never closed");
  if (in_word) words.push_back(std::move(word));
  if (words.empty()) return absl::InvalidArgumentError("must name a program");
  return words;
}

}  // namespace fectl::config
