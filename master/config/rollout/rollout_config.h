#ifndef FECTL_MASTER_CONFIG_ROLLOUT_ROLLOUT_CONFIG_H_
#define FECTL_MASTER_CONFIG_ROLLOUT_ROLLOUT_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fectl::config {

// A number of a service's workers, or a percentage of them.
struct Portion {
  int value = 0;
  bool percent = false;

  bool operator==(const Portion&) const = default;
};

// kGeneration: all new workers are loaded before the first of them serves. kRolling: one batch after another.
enum class RolloutStrategy { kGeneration, kRolling };

// [service.rollout]: how a reload brings in new workers, and what these have to prove.
struct RolloutConfig {
  std::optional<RolloutStrategy> strategy;  // not set: as max_surge says
  std::optional<Portion> max_surge;         // not set: that of the service
  Portion max_unavailable;
  Portion canary;
  bool auto_promote = false;
  int64_t min_ready_ms = 0;           // key `min_ready_seconds`
  int64_t bake_ms = 0;                // key `bake_time`
  int64_t progress_deadline_s = 600;  // 0: none
  bool auto_revert = true;
  int max_old_generations = 8;
  // Gauges of a new worker, and the numbers that they must not be above, as text.
  std::vector<std::pair<std::string, std::string>> bounds;

  bool operator==(const RolloutConfig&) const = default;
};

// [service.recycle]: when a worker that is well is replaced. 0: never for that reason.
struct RecycleConfig {
  int64_t max_requests = 0;
  int64_t max_age_s = 0;
  int64_t max_rss = 0;        // bytes
  int jitter_permille = 100;  // of each bound, by which it may come earlier

  bool operator==(const RecycleConfig&) const = default;
};

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_ROLLOUT_ROLLOUT_CONFIG_H_
