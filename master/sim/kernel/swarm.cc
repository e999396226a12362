#include "master/sim/kernel/swarm.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "master/sim/kernel/draw.h"

namespace fectl::sim {
namespace {

// How often a kind of fault happens, in percent: never, rarely, or often.
uint32_t DrawRate(core::Random& random, uint32_t rare, uint32_t often) {
  switch (random.Below(4)) {
    case 0:
      return rare;
    case 1:
      return 1 + static_cast<uint32_t>(random.Below(often));
    default:
      return 0;
  }
}

constexpr uint32_t kPidsWithChanges = 1024;

// The space of process numbers: so small that numbers come back soon, and sometimes too small.
uint32_t DrawPids(core::Random& random, uint32_t slots) {
  constexpr uint32_t kUsual = 64;
  if (random.Below(5) == 0) return slots + static_cast<uint32_t>(random.Below(8));
  return std::max(kUsual, slots + slots / 2);
}

}  // namespace

core::ServicePolicy DrawPolicy(core::Random& random) {
  core::ServicePolicy policy;
  // Most services are small, as most are.
  policy.num = static_cast<uint32_t>(1 + random.Below(random.Below(5) == 0 ? 16 : 6));
  policy.restarts = static_cast<uint32_t>(random.Below(5));
  policy.timeout = core::Seconds(static_cast<int64_t>(1 + random.Below(60)));
  policy.startup_timeout = core::Seconds(static_cast<int64_t>(1 + random.Below(60)));
  policy.shutdown_timeout = core::Seconds(static_cast<int64_t>(random.Below(61)));
  policy.max_lease = core::Seconds(static_cast<int64_t>(1 + random.Below(60)));
  policy.rollout.auto_revert = false;
  return policy;
}

void DrawRollout(core::Random& random, core::ServicePolicy* policy) {
  const auto seconds = [&random](uint64_t most) {
    return core::Seconds(static_cast<int64_t>(1 + random.Below(most)));
  };
  const auto share = [&] {
    if (random.Below(3) == 0) return core::Share::Percent(static_cast<uint32_t>(1 + random.Below(100)));
    return core::Share(static_cast<uint32_t>(1 + random.Below(policy->num)));
  };
  core::RolloutPolicy& rollout = policy->rollout;
  if (random.Below(3) != 0) rollout.max_surge = share();
  if (random.Below(3) == 0) rollout.max_unavailable = share();
  if (random.Below(3) == 0) rollout.canary = share();
  rollout.auto_promote = random.Below(2) == 0;
  if (random.Below(2) == 0) rollout.min_ready = seconds(20);
  if (random.Below(2) == 0) rollout.bake = seconds(60);
  rollout.progress_deadline = random.Below(8) == 0 ? core::Span{} : seconds(120);
  rollout.auto_revert = random.Below(4) != 0;
  if (random.Below(2) == 0) rollout.max_old_generations = static_cast<uint32_t>(1 + random.Below(8));
  if (random.Below(3) != 0) return;
  policy->recycle.max_age = seconds(600);
  if (random.Below(3) == 0) policy->recycle.jitter = static_cast<uint32_t>(random.Below(1001));
}

void DrawOrder(core::Random& random, const std::vector<const core::ServicePolicy*>& earlier,
               core::ServicePolicy* policy) {
  policy->oneshot = random.Below(4) == 0;
  if (policy->oneshot) {
    policy->num = 1;
    if (random.Below(8) == 0) policy->timeout = {};
  }
  policy->autostart = random.Below(5) != 0;
  for (const core::ServicePolicy* other : earlier) {
    if (random.Below(3) == 0) policy->after.push_back(other->name);
    if (random.Below(3) == 0) policy->require.push_back(other->name);
    if (!policy->oneshot && other->oneshot && random.Below(2) == 0) policy->before_roll = other->name;
  }
}

Swarm::Swarm(uint64_t seed, uint32_t services, uint32_t workers) {
  core::Random random(seed);
  const uint64_t drawn = 1 + random.Below(8);
  const uint64_t count = services != 0 ? services : drawn;
  uint32_t slots = 0;
  for (uint64_t i = 0; i < count; ++i) {
    core::ServicePolicy policy = DrawPolicy(random);
    policy.name = "s" + std::to_string(i);
    if (workers != 0) policy.num = workers;
    policy.rollout.max_surge = static_cast<uint32_t>(random.Below(2) == 0 ? 0 : 1 + random.Below(policy.num));
    slots += policy.num;
    policies.push_back(policy);
  }
  core::Random rolls(seed ^ 0x8888);
  rollouts = rolls.Below(2) == 0;
  for (core::ServicePolicy& policy : policies) {
    if (rollouts) DrawRollout(rolls, &policy);
  }
  core::Random order(seed ^ 0x7777);
  ordered = order.Below(3) == 0;
  // Those that are named stand before or behind those that name them.
  const bool backwards = order.Below(2) == 0;
  std::vector<const core::ServicePolicy*> earlier;
  for (uint64_t i = 0; ordered && i < count; ++i) {
    core::ServicePolicy& policy = policies[backwards ? count - 1 - i : i];
    DrawOrder(order, earlier, &policy);
    earlier.push_back(&policy);
  }
  for (uint32_t& weight : weights)
    weight = random.Below(3) == 0 ? static_cast<uint32_t>(1 + random.Below(10)) : 0;
  weights[static_cast<size_t>(Behaviour::kGood)] = 0;
  bad_percent = static_cast<uint32_t>(random.Below(4) == 0 ? 0 : random.Below(101));
  spawn_fails_percent = DrawRate(random, 2, 50);
  unkillable_percent = DrawRate(random, 1, 10);
  late_percent = DrawRate(random, 5, 50);
  if (random.Below(2) == 0) read_delay_max = DrawSpan(random, core::Milliseconds(300));
  exit_delay_max = DrawSpan(random, core::Milliseconds(200));
  operator_interval = core::Seconds(static_cast<int64_t>(5 + random.Below(300)));
  if (random.Below(4) == 0) stall_interval = core::Seconds(static_cast<int64_t>(60 + random.Below(1000)));
  stall_max = core::Seconds(static_cast<int64_t>(2 + random.Below(120)));
  if (random.Below(3) == 0) tick = core::Milliseconds(random.Below(2) == 0 ? 1 : 100);
  crashes = random.Below(4) == 0;
  pids = DrawPids(random, slots);
  pipe_bytes = random.Below(2) == 0 ? 8 * 1024 : 64 * 1024;
  releases = random.Below(10) == 0;
  changes = random.Below(3) == 0;
  if (random.Below(2) == 0) looks_per_wait = static_cast<uint32_t>(1 + random.Below(8));
  if (random.Below(2) == 0) starts_per_turn = static_cast<uint32_t>(1 + random.Below(8));
  if (random.Below(10) == 0) {
    look_time = DrawSpan(random, core::Milliseconds(400));
    // A turn that takes a second counts as a stall.
    const int64_t most = core::Milliseconds(900).ns / std::max<int64_t>(look_time.ns, 1);
    looks_per_wait = static_cast<uint32_t>(std::clamp<int64_t>(most, 1, looks_per_wait));
  }
  // Services are added and grow, and without faults there is a number for each process.
  if (changes) pids = std::max(pids, kPidsWithChanges);
}

Behaviour Swarm::DrawBehaviour(core::Random& random) const {
  if (random.Below(100) >= bad_percent) return Behaviour::kGood;
  uint32_t sum = 0;
  for (const uint32_t weight : weights) sum += weight;
  if (sum == 0) return Behaviour::kGood;
  uint64_t at = random.Below(sum);
  for (size_t i = 0; i < kBehaviours; ++i) {
    if (at < weights[i]) return static_cast<Behaviour>(i);
    at -= weights[i];
  }
  return Behaviour::kGood;
}

}  // namespace fectl::sim
