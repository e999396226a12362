// The fields of the types of rollout_config.h, as fields.h has those of the others.
#ifndef FECTL_MASTER_CONFIG_ROLLOUT_ROLLOUT_FIELDS_H_
#define FECTL_MASTER_CONFIG_ROLLOUT_ROLLOUT_FIELDS_H_

#include "master/config/logs/logs_fields.h"
#include "master/config/rollout/rollout_config.h"

namespace fectl::config {

template <Is<Portion> T, typename Visit>
void VisitFields(T& portion, Visit&& visit) {
  auto& [value, percent] = portion;
  visit("value", value);
  visit("percent", percent);
}

template <Is<RolloutConfig> T, typename Visit>
void VisitFields(T& rollout, Visit&& visit) {
  auto& [strategy, max_surge, max_unavailable, canary, auto_promote, min_ready_ms, bake_ms,
         progress_deadline_s, auto_revert, max_old_generations, bounds] = rollout;
  visit("strategy", strategy);
  visit("max_surge", max_surge);
  visit("max_unavailable", max_unavailable);
  visit("canary", canary);
  visit("auto_promote", auto_promote);
  visit("min_ready_ms", min_ready_ms);
  visit("bake_ms", bake_ms);
  visit("progress_deadline_s", progress_deadline_s);
  visit("auto_revert", auto_revert);
  visit("max_old_generations", max_old_generations);
  visit("bounds", bounds);
}

template <Is<RecycleConfig> T, typename Visit>
void VisitFields(T& recycle, Visit&& visit) {
  auto& [max_requests, max_age_s, max_rss, jitter_permille] = recycle;
  visit("max_requests", max_requests);
  visit("max_age_s", max_age_s);
  visit("max_rss", max_rss);
  visit("jitter_permille", jitter_permille);
}

// The last value of the enumeration.
constexpr int LastOf(RolloutStrategy /*type*/) {
  return static_cast<int>(RolloutStrategy::kRolling);
}

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_ROLLOUT_ROLLOUT_FIELDS_H_
