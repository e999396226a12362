#include "master/sim/swarm.h"

#include <cstdint>
#include <string>

#include "master/sim/draw.h"

namespace fectl::sim {
Swarm::Swarm(uint64_t seed) {
  core::Random random(seed);
  const uint64_t services = 1 + random.Below(8);
  uint32_t slots = 0;
  for (uint64_t i = 0; i < services; ++i) {
    core::ServicePolicy policy;
    policy.name = "s" + std::to_string(i);
    policy.num = static_cast<uint32_t>(1 + random.Below(8));
    policy.restarts = static_cast<uint32_t>(random.Below(5));
    policy.max_surge = static_cast<uint32_t>(random.Below(2) == 0 ? 0 : 1 + random.Below(policy.num));
    policy.timeout = core::Seconds(static_cast<int64_t>(1 + random.Below(60)));
    policy.startup_timeout = core::Seconds(static_cast<int64_t>(1 + random.Below(60)));
    policy.shutdown_timeout = core::Seconds(static_cast<int64_t>(random.Below(61)));
    slots += policy.num;
    policies.push_back(policy);
  }
  for (uint32_t& weight : weights)
    weight = random.Below(3) == 0 ? static_cast<uint32_t>(1 + random.Below(10)) : 0;
  weights[static_cast<size_t>(Behaviour::kGood)] = 0;
  bad_percent = static_cast<uint32_t>(random.Below(4) == 0 ? 0 : random.Below(101));
  spawn_fails_percent = static_cast<uint32_t>(random.Below(4) == 0 ? random.Below(50) : 0);
  unkillable_percent = static_cast<uint32_t>(random.Below(6) == 0 ? random.Below(10) : 0);
  if (random.Below(2) == 0) read_delay_max = DrawSpan(random, core::Milliseconds(300));
  exit_delay_max = DrawSpan(random, core::Milliseconds(200));
  operator_interval = core::Seconds(static_cast<int64_t>(5 + random.Below(300)));
  if (random.Below(4) == 0) stall_interval = core::Seconds(static_cast<int64_t>(60 + random.Below(1000)));
  stall_max = core::Seconds(static_cast<int64_t>(2 + random.Below(120)));
  crashes = random.Below(4) == 0;
  // Small, so that numbers come back soon; sometimes too small.
  pids = static_cast<uint32_t>(slots + 4 + random.Below(2 * slots + 8));
  pipe_bytes = random.Below(2) == 0 ? 8 * 1024 : 64 * 1024;
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
