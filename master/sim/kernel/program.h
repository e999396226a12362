#ifndef MASTER_SIM_KERNEL_PROGRAM_H_
#define MASTER_SIM_KERNEL_PROGRAM_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "master/core/basis/random.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/policy.h"
#include "master/sim/kernel/kernel.h"
#include "master/sim/kernel/swarm.h"

namespace fectl::sim {

// What a program can do to the world.
class ProgramHost {
 public:
  virtual ~ProgramHost() = default;
  virtual void Write(SimProcess& process, uint32_t place, Said said) = 0;
  virtual void ClosePipe(SimProcess& process, uint32_t place) = 0;
  // Only the end from which it reads orders.
  virtual void StopReading(SimProcess& process, uint32_t place) = 0;
  virtual void EndGrandchild(SimProcess& process, uint32_t place) = 0;
  // What its behaviour is about has happened.
  virtual void Misbehaved(Behaviour behaviour) = 0;
  virtual void Overflow(SimProcess& process, uint32_t place) = 0;
  virtual void Die(SimProcess& process, uint32_t place, bool signaled, int32_t number) = 0;
  // What a process that has ended had left of its group ends.
  virtual void EndGroup(SimProcess& process, uint32_t place) = 0;
  virtual void Later(uint32_t place, core::Span in, Action action) = 0;
  virtual const core::ServicePolicy& PolicyOf(const SimProcess& process) const = 0;
  virtual core::Instant now() const = 0;
  virtual size_t pipe_bytes() const = 0;
  virtual bool calm() const = 0;
};

// How every simulated worker behaves: the one place that knows what the behaviours mean.
class Programs {
 public:
  // Both outlive it.
  Programs(uint64_t seed, const Swarm* swarm, ProgramHost* host)
      : random_(seed), swarm_(swarm), host_(host) {}

  // A new process. `version`: what its program surely is; otherwise the seed draws it.
  void Begin(SimProcess& process, uint32_t place, std::optional<Behaviour> version);
  void Act(SimProcess& process, uint32_t place, Action action);
  void OnOrder(SimProcess& process, uint32_t place, core::Order order);
  // Somebody is to replace it.
  void OnSuccessor(SimProcess& process, uint32_t place);
  void OnSignal(SimProcess& process, uint32_t place, core::Sig sig);
  // It has ended, others of its group live on.
  void OnGroupLeft(SimProcess& process, uint32_t place);
  // The faults are over: a process that would still turn bad does not; one that is stuck stays so.
  void CalmDown(SimProcess& process, uint32_t place);

 private:
  core::Span Draw(core::Span max);
  core::Span StartTime(const SimProcess& process);
  void Load(SimProcess& process, uint32_t place);
  void RunOnce(SimProcess& process, uint32_t place);
  void FailToExecute(SimProcess& process, uint32_t place);
  void TurnBad(SimProcess& process, uint32_t place);
  void ShowOtherFace(SimProcess& process, uint32_t place);
  void Stop(SimProcess& process, uint32_t place);
  void Continue(SimProcess& process, uint32_t place);
  void Fork(SimProcess& process, uint32_t place);
  void ActGrandchild(SimProcess& process, uint32_t place);
  void ReadOrder(SimProcess& process, uint32_t place);
  void BeginToLeave(SimProcess& process, uint32_t place);

  core::Random random_;
  const Swarm* swarm_;
  ProgramHost* host_;
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_KERNEL_PROGRAM_H_
