#include "master/config/load_result.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fectl::config {

std::string Problem::ToString() const {
  std::string sentence = file;
  if (line > 0) absl::StrAppend(&sentence, ":", line);
  absl::StrAppend(&sentence, ": ", warning ? "warning: " : "");
  if (!key.empty()) absl::StrAppend(&sentence, key, ": ");
  return absl::StrCat(sentence, text);
}

void KeyLines::Set(std::string_view key, int line) {
  lines_.insert_or_assign(std::string(key), line);
}

int KeyLines::Find(std::string_view key) const {
  while (!key.empty()) {
    const auto line = lines_.find(key);
    if (line != lines_.end()) return line->second;
    const size_t dot = key.rfind('.');
    if (dot == std::string_view::npos) break;
    key = key.substr(0, dot);
  }
  return 0;
}

bool LoadResult::ok() const {
  return std::all_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.warning; });
}

void LoadResult::Add(std::string_view key, std::string text, bool warning) {
  problems.push_back({file, lines.Find(key), std::string(key), std::move(text), warning});
}

void LoadResult::SortProblems() {
  const auto place = [](const Problem& problem) {
    return problem.line > 0 ? problem.line : std::numeric_limits<int>::max();
  };
  std::stable_sort(problems.begin(), problems.end(),
                   [&](const Problem& a, const Problem& b) { return place(a) < place(b); });
}

std::string LoadResult::Describe() const {
  std::string text;
  for (const Problem& problem : problems) absl::StrAppend(&text, problem.ToString(), "\n");
  return text;
}

}  // namespace fectl::config
