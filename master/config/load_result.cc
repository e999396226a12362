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

void KeyLines::Set(std::string_view key, Place place) {
  places_.insert_or_assign(std::string(key), place);
}

Place KeyLines::FindPlace(std::string_view key) const {
  while (!key.empty()) {
    const auto place = places_.find(key);
    if (place != places_.end()) return place->second;
    const size_t dot = key.rfind('.');
    if (dot == std::string_view::npos) break;
    key = key.substr(0, dot);
  }
  return {};
}

bool LoadResult::ok() const {
  return std::all_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.warning; });
}

void LoadResult::Add(std::string_view key, std::string text, bool warning) {
  problems.push_back({FileOf(key), lines.Find(key), std::string(key), std::move(text), warning});
}

const std::string& LoadResult::FileOf(std::string_view key) const {
  const auto index = static_cast<size_t>(lines.FindPlace(key).file);
  return index == 0 || index >= files.size() ? file : files[index];
}

std::string LoadResult::PlaceText(std::string_view key, std::string_view seen_from) const {
  const int line = lines.Find(key);
  if (FileOf(key) == FileOf(seen_from)) return absl::StrCat("line ", line);
  return absl::StrCat(FileOf(key), ":", line);
}

void LoadResult::SortProblems() {
  std::map<std::string_view, size_t> ranks;
  for (size_t i = 0; i < files.size(); ++i) ranks.emplace(files[i], i);
  const auto place = [&](const Problem& problem) {
    const auto rank = ranks.find(problem.file);
    const bool of_main = rank == ranks.end() || rank->second == 0;
    if (problem.line == 0 && of_main) return std::pair(std::numeric_limits<size_t>::max(), 0);
    return std::pair(of_main ? 0 : rank->second, problem.line);
  };
  std::stable_sort(problems.begin(), problems.end(),
                   [&](const Problem& a, const Problem& b) { return place(a) < place(b); });
}

std::string LoadResult::Describe() const {
  std::string text;
  for (const Problem& problem : problems) absl::StrAppend(&text, problem.ToString(), "\n");
  return text;
}

std::string HostKey(const std::string& label, const LoadResult& result) {
  return label + (result.lines.Has(label + ".ip") ? ".ip" : ".host");
}

}  // namespace fectl::config
