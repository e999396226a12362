#ifndef MASTER_SIM_KERNEL_SWARM_H_
#define MASTER_SIM_KERNEL_SWARM_H_

#include <array>
#include <cstdint>
#include <vector>

#include "master/core/basis/random.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/policy.h"

namespace fectl::sim {

// How a simulated program behaves.
enum class Behaviour : uint8_t {
  kGood,
  kSlowStart,  // loaded late, sometimes too late
  kNeverLoads,
  kExitsAtStart,  // with some code, before it is loaded
  kConfigError,   // says why it cannot run, then exits
  kFallsSilent,   // after a while
  kDies,          // at random, by exit or signal
  kExitsZero,     // as if all were done
  kDiesOnOrder,   // when it is told one certain thing
  kIgnoresTerm,   // and every order
  kStops,         // as if by SIGSTOP: does nothing until it is continued, or killed
  kGarbage,       // writes what is no message
  kPartialFrame,  // writes the beginning of a frame; what it writes later is taken for the rest
  kClosesPipe,    // an end of it or both, and lives on
  kAsks,          // to be replaced, again and again
  kLeaves,        // says so and exits
  kFloods,        // heartbeats as fast as it can, for a while
  kNeverReads,    // the pipe from the master fills up
  kForks,         // has a grandchild that holds its pipe open, and writes into it
  kTwoFaced,      // good until somebody is to replace it
  kCrashLoops,    // dies as soon as it is loaded
  kHangsAtExec,   // comes to its program late or never: the file system of the program does not answer
  kLeavesHelper,  // has started another process of its group, which goes on for a while when it has ended
  kBusy,          // says so, and is silent for a while: for longer than it said, now and then
  kIsShell,       // SIGTERM ends it at once, and the program that it waited for goes on
};
inline constexpr size_t kBehaviours = 25;

// Without a name, naming no other service; workers are replaced all at once, and nothing has to be proven.
core::ServicePolicy DrawPolicy(core::Random& random);

// How workers are replaced.
void DrawRollout(core::Random& random, core::ServicePolicy* policy);

// What a service is for others and they for it. `earlier`: the services that it may name.
void DrawOrder(core::Random& random, const std::vector<const core::ServicePolicy*>& earlier,
               core::ServicePolicy* policy);

// What one seed draws for itself before it begins: which faults there are and how often (many seeds with few
// kinds of fault each find more than one mixture of all), and how large and how hasty everything is.
struct Swarm {
  // `services` and `workers` (in each): 0 leaves it to the seed.
  explicit Swarm(uint64_t seed, uint32_t services = 0, uint32_t workers = 0);

  Behaviour DrawBehaviour(core::Random& random) const;

  std::vector<core::ServicePolicy> policies;
  std::array<uint32_t, kBehaviours> weights = {};  // of programs that are not good
  uint32_t bad_percent = 0;                        // of newly started programs
  uint32_t spawn_fails_percent = 0;
  uint32_t unkillable_percent = 0;  // of processes
  uint32_t late_percent = 0;        // of deaths: something of the dead is handed in afterwards
  core::Span read_delay_max;        // how late the master comes to read
  core::Span exit_delay_max;        // how late it sees a death
  core::Span operator_interval;     // between commands, on average
  core::Span stall_interval;        // between stalls of the master, on average; 0: none
  core::Span stall_max;
  core::Span tick;       // times are multiples of it, so that much happens in one instant; 0: they are not
  bool crashes = false;  // the master dies and its successor goes on from the journal
  // Connections stay open for as long as they may, and operators reload many times in a row: many processes
  // of a slot leave at the same time.
  bool releases = false;
  bool ordered = false;           // services name others, some are oneshots
  bool changes = false;           // services are added, removed, resized and given new plans
  bool rollouts = false;          // new workers have to prove themselves, and old ones wear out
  uint32_t looks_per_wait = 128;  // of what is ready, so much is looked at in one turn
  uint32_t starts_per_turn = 64;
  core::Span look_time;  // what it takes to look at one thing that is ready: the machine is slow
  uint32_t pids = 0;
  size_t pipe_bytes = 0;
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_KERNEL_SWARM_H_
