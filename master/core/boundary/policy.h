#ifndef MASTER_CORE_BOUNDARY_POLICY_H_
#define MASTER_CORE_BOUNDARY_POLICY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "master/core/archive/archive.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"

namespace fectl::core {

// What the configuration says about supervising one service. How its processes are made is not the core's
// matter.
struct ServicePolicy {
  std::string name;
  uint32_t num = 1;                    // places, 1 or more
  uint32_t restarts = 3;               // starts in a row that may fail before a slot is failed; 0 counts as 1
  uint32_t max_surge = 0;              // places that a reload replaces at a time; 0: all
  Span timeout = Seconds(10);          // silence allowed; of a oneshot: how long it may run, 0: for ever
  Span startup_timeout = Seconds(30);  // until `loaded`
  Span shutdown_timeout = Seconds(30);  // until the exit, once told
  // Names of other services. There are no circles, before_roll included; a name that there is not counts in
  // `after` as ready, and in `require` as failed.
  std::vector<std::string> after = {};    // are ready, failed or not to run before a start of this one
  std::vector<std::string> require = {};  // are ready before a start of this one
  bool autostart = true;                  // at Boot
  bool oneshot = false;                   // its process is to end with 0, once, instead of serving
  std::string before_roll = {};           // a oneshot that is run before a reload or a restart; empty: none

  bool operator==(const ServicePolicy&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.name), Field<2>(self.num), Field<3>(self.restarts), Field<4>(self.max_surge),
            Field<5>(self.timeout), Field<6>(self.startup_timeout), Field<7>(self.shutdown_timeout),
            Field<8>(self.after), Field<9>(self.require), Field<10>(self.autostart), Field<11>(self.oneshot),
            Field<12>(self.before_roll));
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

#endif  // MASTER_CORE_BOUNDARY_POLICY_H_
