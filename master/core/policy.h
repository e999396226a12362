#ifndef MASTER_CORE_POLICY_H_
#define MASTER_CORE_POLICY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "master/core/archive.h"
#include "master/core/ids.h"
#include "master/core/time.h"

namespace fectl::core {

// What the configuration says about supervising one service. How its processes are made is not the core's
// matter.
struct ServicePolicy {
  std::string name;
  uint32_t num = 1;                    // places, 1 or more
  uint32_t restarts = 3;               // starts in a row that may fail before a slot is failed; 0 counts as 1
  uint32_t max_surge = 0;              // places that a reload replaces at a time; 0: all
  Span timeout = Seconds(10);          // silence allowed
  Span startup_timeout = Seconds(30);  // until `loaded`
  Span shutdown_timeout = Seconds(30);  // until the exit, once told

  bool operator==(const ServicePolicy&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.name), Field<2>(self.num), Field<3>(self.restarts), Field<4>(self.max_surge),
            Field<5>(self.timeout), Field<6>(self.startup_timeout), Field<7>(self.shutdown_timeout));
  }
};

// A version of a service's plan. The runtime keeps under the same number what a process of it is made of.
struct Plan {
  PlanVersion version = 0;
  ServicePolicy policy;

  bool operator==(const Plan&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.version), Field<2>(self.policy));
  }
};

// The first plans of services, with versions from 1.
inline std::vector<Plan> FirstPlans(const std::vector<ServicePolicy>& policies) {
  std::vector<Plan> plans;
  for (const ServicePolicy& policy : policies) plans.push_back({plans.size() + 1, policy});
  return plans;
}

}  // namespace fectl::core

#endif  // MASTER_CORE_POLICY_H_
