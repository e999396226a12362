#ifndef MASTER_CORE_DEPENDENCIES_H_
#define MASTER_CORE_DEPENDENCIES_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/service/service.h"

namespace fectl::core {

// Which services name which others in `after`, `require` and `before_roll`. Follows from their policies, so
// it is not written down, and learned anew when one of them has changed. Services that are being removed are
// not found by their names. Where no service names another one, it is empty and costs nothing.
class Dependencies {
 public:
  bool known() const { return known_; }
  void Forget() { known_ = false; }
  void Learn(const std::vector<Service>& services);

  std::optional<ServiceId> Find(std::string_view name) const;
  // Whether any service names this one.
  bool IsNamed(ServiceId id) const;
  // Calls `use` with each service that names this one in `after` or `require`.
  template <typename Use>
  void ForEachDependent(ServiceId id, Use use) const {
    for (auto edge = FirstEdge(id); edge != edges_.end() && edge->first == id; ++edge) use(edge->second);
  }

 private:
  using Edge = std::pair<ServiceId, ServiceId>;  // who is named, and by whom

  std::vector<Edge>::const_iterator FirstEdge(ServiceId id) const;

  bool known_ = false;
  std::vector<std::pair<std::string, ServiceId>> names_;  // in their order
  std::vector<Edge> edges_;                               // in their order; of `after` and `require`
  std::vector<ServiceId> named_;                          // in their order
};

}  // namespace fectl::core

#endif  // MASTER_CORE_DEPENDENCIES_H_
