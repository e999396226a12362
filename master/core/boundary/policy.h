#ifndef MASTER_CORE_BOUNDARY_POLICY_H_
#define MASTER_CORE_BOUNDARY_POLICY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "master/core/archive/archive.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/limits.h"
#include "master/core/basis/time.h"

namespace fectl::core {

// A number of a service's places, or a percentage of them.
struct Share {
  uint32_t value = 0;
  bool percent = false;

  constexpr Share() = default;
  constexpr Share(uint32_t number) : value(number) {}  // NOLINT(google-explicit-constructor): a plain number
  static constexpr Share Percent(uint32_t percent) {
    Share share(percent);
    share.percent = true;
    return share;
  }
  constexpr uint32_t RoundedUp(uint32_t num) const {
    return percent ? static_cast<uint32_t>((uint64_t{num} * value + 99) / 100) : value;
  }
  constexpr uint32_t RoundedDown(uint32_t num) const {
    return percent ? static_cast<uint32_t>(uint64_t{num} * value / 100) : value;
  }
  bool operator==(const Share&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.value), Field<2>(self.percent));
  }
};

// How a reload brings in new workers, and what they have to prove before the old ones are let go. A worker
// that is kept is paused: it accepts nothing, and serves again at once if the new one proves bad.
struct RolloutPolicy {
  Share max_surge = 0;        // places whose new worker is started beside the old one; see BatchOf()
  Share max_unavailable = 0;  // places whose old worker leaves before the new one is ready
  Share canary = 0;           // places of the first batch; 0: there is no canary
  bool auto_promote = false;  // the canary is followed by the rest without an operator's word
  Span min_ready;             // how long the new workers of a batch serve before the next batch begins
  Span bake;                  // how long the old workers are kept when all new ones serve
  Span progress_deadline = Seconds(600);  // a batch is loaded by then, or the rollout has failed; 0: never
  bool auto_revert = true;                // a rollout that has failed ends with the version before it
  uint32_t max_old_generations =
      static_cast<uint32_t>(kLeavingMax);  // processes of a place that may be leaving

  bool operator==(const RolloutPolicy&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.max_surge), Field<2>(self.max_unavailable), Field<3>(self.canary),
            Field<4>(self.auto_promote), Field<5>(self.min_ready), Field<6>(self.bake),
            Field<7>(self.progress_deadline), Field<8>(self.auto_revert), Field<9>(self.max_old_generations));
  }
};

// When a worker that is well is replaced all the same. (Its memory and its requests are not known here: see
// the event WorkerWornOut.)
struct RecyclePolicy {
  Span max_age;           // since it was loaded; 0: never
  uint32_t jitter = 100;  // per mille of max_age by which it may come earlier, at random

  bool operator==(const RecyclePolicy&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.max_age), Field<2>(self.jitter));
  }
};

// What the configuration says about supervising one service. How its processes are made is not the core's
// matter.
struct ServicePolicy {
  std::string name;
  uint32_t num = 1;                    // places, 1 or more
  uint32_t restarts = 3;               // starts in a row that may fail before a slot is failed; 0 counts as 1
  Span timeout = Seconds(10);          // silence allowed; of a oneshot: how long it may run, 0: for ever
  Span startup_timeout = Seconds(30);  // until `loaded`
  Span shutdown_timeout = Seconds(30);  // until the exit, once told
  Span max_lease = Seconds(300);        // the longest time that a worker may say it is busy for
  // Names of other services. There are no circles, before_roll included; a name that there is not counts in
  // `after` as ready, and in `require` as failed.
  std::vector<std::string> after = {};    // are ready, failed or not to run before a start of this one
  std::vector<std::string> require = {};  // are ready before a start of this one
  bool autostart = true;                  // at Boot
  bool oneshot = false;                   // its process is to end with 0, once, instead of serving
  std::string before_roll = {};           // a oneshot that is run before a reload or a restart; empty: none
  RolloutPolicy rollout = {};
  RecyclePolicy recycle = {};

  bool operator==(const ServicePolicy&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.name), Field<2>(self.num), Field<3>(self.restarts), Field<5>(self.timeout),
            Field<6>(self.startup_timeout), Field<7>(self.shutdown_timeout), Field<8>(self.after),
            Field<9>(self.require), Field<10>(self.autostart), Field<11>(self.oneshot),
            Field<12>(self.before_roll), Field<13>(self.max_lease), Field<14>(self.rollout),
            Field<15>(self.recycle));
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
