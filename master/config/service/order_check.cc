#include "master/config/service/order_check.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "master/config/keys.h"

namespace fectl::config {
namespace {

constexpr size_t kLoopsMax = 10;      // told in one run; others are often parts of these
constexpr size_t kLoopNamesMax = 20;  // shown of one loop

struct Edge {
  size_t to = 0;  // index of the service that is waited for
  std::string_view key;
};

class OrderCheck {
 public:
  explicit OrderCheck(LoadResult* result) : result_(*result), services_(result->config.services) {}

  void Run() {
    for (size_t i = 0; i < services_.size(); ++i) {
      names_.push_back(services_[i].name);
      indexes_.emplace(services_[i].name, i);
    }
    edges_.resize(services_.size());
    const size_t before = result_.problems.size();
    for (size_t i = 0; i < services_.size(); ++i) {
      for (const std::string& name : services_[i].after) AddEdge(i, "after", name);
      for (const std::string& name : services_[i].require) AddEdge(i, "requires", name);
      CheckBeforeRoll(i);
      CheckRenamedFrom(i);
    }
    if (result_.problems.size() == before) FindLoops();
  }

 private:
  void Fail(size_t service, std::string_view key, std::string text) {
    result_.Add(absl::StrCat(result_.service_labels[service], ".", std::string(key)), std::move(text));
  }

  void AddEdge(size_t from, std::string_view key, const std::string& name) {
    const auto found = indexes_.find(name);
    if (found == indexes_.end()) {
      const auto meant = ClosestWord(name, names_);
      Fail(from, key,
           absl::StrCat("there is no service \"", name, "\"",
                        meant ? absl::StrCat(", did you mean \"", std::string(*meant), "\"?") : ""));
    } else if (found->second == from) {
      Fail(from, key, "names the service itself");
    } else {
      edges_[from].push_back({found->second, key});
    }
  }

  void CheckBeforeRoll(size_t index) {
    const std::string& name = services_[index].before_roll;
    if (name.empty()) return;
    const auto found = indexes_.find(name);
    const bool other = found != indexes_.end() && found->second != index;
    if (other && services_[found->second].type != ServiceType::kOneshot) {
      Fail(index, "before_roll",
           absl::StrCat("must name a service that ends by itself, and ", name, " has no type = \"oneshot\""));
    } else {
      AddEdge(index, "before_roll", name);
    }
  }

  void CheckRenamedFrom(size_t index) {
    const std::string& name = services_[index].renamed_from;
    if (name.empty()) return;
    if (name == services_[index].name) return Fail(index, "renamed_from", "names the service itself");
    if (const auto present = indexes_.find(name); present != indexes_.end()) {
      return Fail(index, "renamed_from",
                  absl::StrCat("must be a name that no service has any more, and there is ", name, ", in ",
                               PlaceOf(present->second, "name", index)));
    }
    const auto [first, inserted] = renamed_.emplace(name, index);
    if (inserted) return;
    Fail(index, "renamed_from",
         absl::StrCat(name, " is what ", services_[first->second].name, " was renamed from, in ",
                      PlaceOf(first->second, "renamed_from", index)));
  }

  std::string PlaceOf(size_t service, std::string_view key, size_t seen_from) const {
    return result_.PlaceText(absl::StrCat(result_.service_labels[service], ".", std::string(key)),
                             result_.service_labels[seen_from]);
  }

  // Goes along all edges, without recursion, as there may be a chain of thousands. What is on `path_` when it
  // is met again is a loop.
  void FindLoops() {
    std::vector<size_t> next(services_.size(), 0);  // of each service's edges the first that was not followed
    std::vector<bool> on_path(services_.size(), false);
    for (size_t start = 0; start < services_.size() && loops_ < kLoopsMax; ++start) {
      if (next[start] == 0) path_.push_back(start);
      while (!path_.empty() && loops_ < kLoopsMax) {
        const size_t at = path_.back();
        on_path[at] = true;
        if (next[at] == edges_[at].size()) {
          on_path[at] = false;
          next[at] = kFollowed;
          path_.pop_back();
          continue;
        }
        const size_t to = edges_[at][next[at]++].to;
        if (on_path[to]) {
          NoteLoop(to);
        } else if (next[to] == 0) {
          path_.push_back(to);
        }
      }
      path_.clear();
    }
  }

  // The loop is what is on the path from `start` on. It is told from the service that stands first.
  void NoteLoop(size_t start) {
    ++loops_;
    std::vector<size_t> loop(std::find(path_.begin(), path_.end(), start), path_.end());
    std::rotate(loop.begin(), std::min_element(loop.begin(), loop.end()), loop.end());
    const std::vector<Edge>& edges = edges_[loop.front()];
    const auto edge = std::find_if(edges.begin(), edges.end(),
                                   [&](const Edge& e) { return e.to == loop[1 % loop.size()]; });
    std::string text;
    for (size_t i = 0; i < loop.size() && i < kLoopNamesMax; ++i) {
      absl::StrAppend(&text, services_[loop[i]].name, " -> ");
    }
    if (loop.size() > kLoopNamesMax) absl::StrAppend(&text, loop.size() - kLoopNamesMax, " more -> ");
    absl::StrAppend(&text, services_[loop.front()].name);
    Fail(loop.front(), edge->key,
         absl::StrCat("makes a loop in which each service waits for the next: ", text,
                      "; remove one of these from after, requires or before_roll"));
  }

  static constexpr size_t kFollowed = static_cast<size_t>(-1);

  LoadResult& result_;
  const std::vector<ServiceConfig>& services_;
  std::vector<std::string_view> names_;
  std::map<std::string_view, size_t> indexes_;
  std::map<std::string_view, size_t> renamed_;  // each old name with the service that has it first
  std::vector<std::vector<Edge>> edges_;
  std::vector<size_t> path_;
  size_t loops_ = 0;
};

}  // namespace

void CheckOrder(LoadResult* result) {
  OrderCheck(result).Run();
}

}  // namespace fectl::config
