#include "client/session/selection.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/status/status.h"

namespace fectl::client {
namespace {

// As fnmatch(3) does, without brackets and backslashes. After a mismatch the last * takes one character more.
bool Fits(std::string_view pattern, std::string_view name) {
  size_t at = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  for (size_t i = 0; i < name.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = i;
    } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[i])) {
      ++at;
      ++i;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

absl::Status NothingSelected(const std::string& selector) {
  const std::string text =
      selector + (selector.front() == '@' ? ": no service has this label" : ": no service has such a name");
  return absl::NotFoundError(absl::string_view(text.data(), text.size()));
}

}  // namespace

bool IsSelector(std::string_view word) {
  return word.starts_with('@') || word.find_first_of("*?") != std::string_view::npos;
}

bool Selects(std::string_view selector, const proto::ServiceView& service) {
  if (!selector.starts_with('@')) return Fits(selector, service.name);
  return std::ranges::find(service.labels, selector.substr(1)) != service.labels.end();
}

absl::StatusOr<std::vector<SelectedService>> Select(Session& session, const std::vector<std::string>& words) {
  std::vector<SelectedService> selected;
  const auto add = [&selected](const std::string& name, bool by_name) {
    const auto found = std::ranges::find(selected, name, &SelectedService::name);
    if (found == selected.end()) return selected.push_back({name, by_name});
    found->by_name = found->by_name || by_name;
  };
  std::optional<proto::MasterView> overview;
  for (const std::string& word : words) {
    if (!IsSelector(word)) {
      add(word, true);
      continue;
    }
    if (!overview.has_value()) {
      absl::StatusOr<proto::MasterView> asked = session.Overview();
      if (!asked.ok()) return asked.status();
      overview = *std::move(asked);
    }
    bool any = false;
    for (const proto::ServiceView& service : overview->services) {
      if (!Selects(word, service)) continue;
      any = true;
      add(service.name, false);
    }
    if (!any) return NothingSelected(word);
  }
  return selected;
}

absl::StatusOr<std::string> SelectOne(Session& session, const std::string& word, std::string_view command) {
  const absl::StatusOr<std::vector<SelectedService>> selected = Select(session, {word});
  if (!selected.ok()) return selected.status();
  if (selected->size() == 1) return selected->front().name;
  std::string names;
  for (const SelectedService& service : *selected) names += (names.empty() ? "" : ", ") + service.name;
  const std::string text =
      word + " stands for " + names + ", and " + std::string(command) + " takes one service";
  return absl::FailedPreconditionError(absl::string_view(text.data(), text.size()));
}

}  // namespace fectl::client
