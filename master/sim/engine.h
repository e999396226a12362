#ifndef MASTER_SIM_ENGINE_H_
#define MASTER_SIM_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/random.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/supervisor.h"
#include "master/driver/driver.h"
#include "master/driver/outside.h"
#include "master/driver/worker_inbox.h"
#include "master/sim/kernel/hash.h"
#include "master/sim/kernel/kernel.h"
#include "master/sim/kernel/program.h"
#include "master/sim/kernel/swarm.h"
#include "master/sim/outcome.h"
#include "master/sim/rules/checks.h"
#include "master/sim/rules/per_slot.h"

namespace fectl::sim {

// The clock does not begin at 0, and so far on that 32 bits of milliseconds would not do.
inline constexpr core::Instant kBegin{int64_t{10} * 24 * 3600 * 1'000'000'000};

// The virtual clock, the fake kernel and the programs, as the outside of the real driver: everything that
// happens by itself. What people do, and when faults end, is the World's.
class Engine : private ProgramHost, private driver::Outside, private driver::EventSink {
 protected:
  explicit Engine(const Options& options);
  ~Engine() override = default;

  enum class Kind : uint8_t {
    kProgram,
    // What the master gets to see, once it looks.
    kMasterReads,
    kMasterSeesEnd,
    kMasterSeesExit,
    kMasterSeesGroupEnd,
    kMasterSeesClosed,
    kMasterGivesUp,
    kMasterSeesEvidence,
    kOperator,
    kStall,
    kCrash
  };
  struct Item {
    core::Instant at;
    uint64_t order = 0;  // of equal times
    Kind kind = Kind::kProgram;
    uint32_t place = 0;
    uint32_t serial = 0;
    Action action = Action::kStart;
    bool operator<(const Item& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  // The driver's outside.
  core::Moment Now() override;
  absl::StatusOr<bool> Wait(int64_t timeout_ns) override;
  size_t waits_for_all() const override {
    return 1 + (ready_.size() + 2 * kernel_.places()) / swarm_.looks_per_wait;
  }
  void Run(const core::Effect& effect) override;
  void OnStep(const core::Event* event) override;
  void OnStepped(const core::Event* event, const core::Effects& effects) override;
  void OnTurnEnd(core::Instant now) override;
  void Emit(core::Event event) override;
  void OnAppMessage(const core::Incarnation& /*who*/, const std::string& /*json*/) override {}

  // Somebody acts; plans the next time by itself.
  virtual void Operate() = 0;

  bool ok() const { return !outcome_.broken.has_value(); }
  const core::Supervisor& supervisor() const { return driver_.supervisor(); }
  void Plan(core::Span in, Kind kind, uint32_t place = 0, Action action = Action::kStart);
  // Lets the world go on until `end`.
  void Pass(core::Instant end);
  bool Rests() const;
  void Do(const Item& item);
  void LookAt(const Item& item);
  void Write(SimProcess& process, uint32_t place, Said said) override;
  void ClosePipe(SimProcess& process, uint32_t place) override;
  void StopReading(SimProcess& process, uint32_t place) override;
  void EndGrandchild(SimProcess& process, uint32_t place) override;
  void Misbehaved(Behaviour behaviour) override { outcome_.marks.Misbehaved(behaviour); }
  void Overflow(SimProcess& process, uint32_t place) override;
  void Die(SimProcess& process, uint32_t place, bool signaled, int32_t number) override;
  void EndGroup(SimProcess& process, uint32_t place) override;
  void Later(uint32_t place, core::Span in, Action action) override;
  const core::ServicePolicy& PolicyOf(const SimProcess& process) const override;
  core::Instant now() const override { return now_; }
  size_t pipe_bytes() const override { return kernel_.pipe_bytes(); }
  bool calm() const override { return calm_; }
  void Read(uint32_t place);
  void ReadBytes(uint32_t place, size_t bytes);
  void SeeEnd(uint32_t place);
  void SeeExit(uint32_t place);
  core::StartFailure DrawFailure();
  void SeeGroupEnd(uint32_t place);
  // Something of a process that is reaped, or of none that ever was: late, or never to be.
  void HandInLate(const core::Incarnation& who);
  void FindReadable();
  void ReadSoon(uint32_t place);
  void NoteLife(const core::Event& event);
  void FallAsleep();
  void Freeze(core::Instant expected);
  // Since the beginning, without the time in which everything stood still, as far as the master can know.
  core::Span RunningTime() const { return {(now_ - kBegin).ns - frozen_in_all_.ns}; }
  // The master dies and a successor goes on from what was written down.
  void Crash();
  void Restore();
  // A torn journal, or one with a wrong bit, is refused; an old one is what it was (I29).
  void DamageJournal(const std::string& bytes);
  void BeginToExamine(const core::Examine& examine);
  void SpawnProcess(const core::Spawn& spawn);

  const Options options_;
  const Swarm swarm_;
  core::Random random_kernel_;
  core::Random random_master_;
  core::Random random_operator_;
  core::Random random_wall_;
  core::Random random_order_;
  core::Random random_late_;
  core::Random random_journal_;
  Programs programs_;
  Kernel kernel_;
  driver::Driver driver_;
  Outcome outcome_;
  Checks checks_;
  Hash hash_;
  core::Instant now_ = kBegin;
  std::priority_queue<Item> items_;
  uint64_t planned_ = 0;
  std::string old_journal_;
  core::Instant asleep_until_;                               // the master does not run before
  core::Instant pass_until_;                                 // no wait goes on for longer
  std::deque<Item> ready_;                                   // what the master sees when it looks
  std::set<core::Incarnation> ended_;                        // their ends are emitted, and not stepped yet
  std::vector<std::optional<driver::WorkerInbox>> inboxes_;  // by place
  core::Span frozen_for_;                                    // everything is to stand still for so long
  core::Span frozen_in_all_;
  bool frozen_in_wait_ = false;
  uint32_t starts_ = 0;                            // in this turn
  bool looks_only_ = false;                        // the wait under way
  bool room_made_ = false;                         // in this turn
  PerService<std::optional<Behaviour>> deployed_;  // what its newest program surely is
  std::map<core::PlanVersion, std::optional<Behaviour>> planned_behaviours_;  // likewise, of a plan
  core::PlanVersion newest_plan_ = 0;
  core::RequestId last_request_ = 0;
  bool calm_ = false;
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_ENGINE_H_
