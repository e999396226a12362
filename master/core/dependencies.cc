#include "master/core/dependencies.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fectl::core {

void Dependencies::Learn(const std::vector<Service>& services) {
  known_ = true;
  names_.clear();
  edges_.clear();
  named_.clear();
  const bool any = std::any_of(services.begin(), services.end(), [](const Service& service) {
    const ServicePolicy& policy = service.policy();
    return !policy.after.empty() || !policy.require.empty() || !policy.before_roll.empty();
  });
  if (!any) return;
  for (const Service& service : services) {
    if (!service.removing()) names_.emplace_back(service.policy().name, service.id());
  }
  std::sort(names_.begin(), names_.end());
  for (const Service& service : services) {
    const auto add = [&](const std::vector<std::string>& names) {
      for (const std::string& name : names) {
        if (const auto found = Find(name); found.has_value()) edges_.emplace_back(*found, service.id());
      }
    };
    add(service.policy().after);
    add(service.policy().require);
    const auto oneshot = Find(service.policy().before_roll);
    if (oneshot.has_value()) named_.push_back(*oneshot);
  }
  for (const Edge& edge : edges_) named_.push_back(edge.first);
  std::sort(edges_.begin(), edges_.end());
  std::sort(named_.begin(), named_.end());
}

std::optional<ServiceId> Dependencies::Find(std::string_view name) const {
  const auto found = std::lower_bound(names_.begin(), names_.end(), name,
                                      [](const auto& entry, std::string_view n) { return entry.first < n; });
  if (found == names_.end() || found->first != name) return std::nullopt;
  return found->second;
}

bool Dependencies::IsNamed(ServiceId id) const {
  return std::binary_search(named_.begin(), named_.end(), id);
}

std::vector<Dependencies::Edge>::const_iterator Dependencies::FirstEdge(ServiceId id) const {
  return std::lower_bound(edges_.begin(), edges_.end(), id,
                          [](const Edge& edge, ServiceId i) { return edge.first < i; });
}

}  // namespace fectl::core
