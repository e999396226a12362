#ifndef MASTER_SIM_CHECKS_H_
#define MASTER_SIM_CHECKS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "master/core/effects.h"
#include "master/core/events.h"
#include "master/core/supervisor.h"
#include "master/sim/ledger.h"
#include "master/sim/marks.h"

namespace fectl::sim {

// What must hold after every step, whatever happened. Each rule is a method of its own, named by what it
// forbids; the first one that is broken is kept, in words. Knows only events and effects (the ledger) and the
// supervisor's public face, so that it can watch a simulated world, a replayed trace, and a scenario alike.
class Checks {
 public:
  // `policies` as the supervisor got them.
  Checks(const std::vector<core::ServicePolicy>& policies, Marks* marks);

  // What the world knows and events do not tell. Absent in a replay.
  struct WorldView {
    std::function<bool(const core::Incarnation&)>
        has_unread_bytes;  // written by the worker, not read by the master
    std::function<bool(const core::Incarnation&)> is_unkillable;
  };
  void SetWorld(WorldView world) { world_ = std::move(world); }

  // After each step, with the effects that it gave. Boot is a step without event.
  void After(const core::Supervisor& supervisor, const core::Event* event, const core::Moment& at,
             const core::Effects& effects);

  const std::optional<std::string>& broken() const { return broken_; }
  const Ledger& ledger() const { return ledger_; }
  // Requests that were made and not answered.
  const std::set<core::RequestId>& open_requests() const { return open_requests_; }

 private:
  struct Pace {
    std::vector<core::Instant> starts;  // automatic ones, of the last window
  };

  void Break(const std::string& rule, const std::string& what);
  void Note(const core::Event& event, const core::Moment& at);
  void OnEffect(const core::Supervisor& supervisor, const core::Event* event, const core::Moment& at,
                const core::Effect& effect);
  void OnSpawn(const core::Supervisor& supervisor, const core::Event* event, const core::Moment& at,
               const core::Incarnation& who);
  void OnTold(const core::Supervisor& supervisor, const core::Moment& at, const core::Incarnation& who,
              bool kill);
  void OnReply(const core::Supervisor& supervisor, const core::Reply& reply);
  void OnReport(const core::Event* event, const core::Report& report);
  bool MayBeTold(const core::Supervisor& supervisor, const core::Moment& at, const Life& life) const;
  void CheckService(const core::Supervisor& supervisor, core::ServiceId id, const core::Event* event,
                    const core::Moment& at);
  void CheckSlot(const core::Service& service, core::ServiceId id, uint32_t slot);
  void CheckStopping(const core::Service& service, core::ServiceId id, const core::Moment& at);
  void CheckExitsWereRecorded(const core::Event* event);

  Ledger ledger_;
  Marks* marks_;
  WorldView world_;
  std::optional<std::string> broken_;
  std::set<core::RequestId> open_requests_;
  std::vector<core::ServiceState> states_;          // as of the last step
  std::vector<std::vector<uint8_t>> slot_states_;   // the same, by service and slot: which alternative
  std::vector<core::Instant> stopping_since_;       // by service
  std::vector<std::vector<Pace>> pace_;             // by service, slot
  std::vector<std::vector<uint32_t>> generations_;  // highest seen
  std::vector<core::ServicePolicy> policies_;
  int exit_records_ = 0;  // of the exit that this step is about
  bool known_exit_ = false;
  bool finished_ = false;
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_CHECKS_H_
