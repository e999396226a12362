#ifndef MASTER_SIM_LEDGER_H_
#define MASTER_SIM_LEDGER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "master/core/ids.h"
#include "master/core/time.h"

namespace fectl::sim {

// What is known of one process from the events that were handed to the supervisor and the effects that it
// gave: nothing of the supervisor's own state is believed.
struct Life {
  core::Incarnation who;
  core::Instant spawned_at;
  core::Instant heard_at;                // `loaded`, or the last heartbeat after it
  core::Instant told_at = core::kNever;  // first order or signal to leave
  core::Span stalled;                    // time since heard_at (or the spawn) in which the master did not run
  bool loaded = false;
  bool told_kill = false;
  bool broke = false;  // said cfgerror, broke the protocol, or closed its pipe
  bool asked = false;  // asked to be replaced, or said that it leaves
  bool told() const { return told_at != core::kNever; }
};

// The processes of every slot which have not exited, by their own account.
class Ledger {
 public:
  explicit Ledger(const std::vector<uint32_t>& slots_per_service);

  Life* Find(const core::Incarnation& who);
  Life& Add(const core::Incarnation& who, core::Instant at);
  void Remove(const core::Incarnation& who);

  const std::vector<Life>& InSlot(core::ServiceId service, uint32_t slot) const {
    return lives_[service][slot];
  }
  uint32_t slots(core::ServiceId service) const { return static_cast<uint32_t>(lives_[service].size()); }
  size_t services() const { return lives_.size(); }
  size_t size() const { return size_; }
  void Stall(core::Span length);

 private:
  std::vector<std::vector<std::vector<Life>>> lives_;  // by service, slot; oldest first
  size_t size_ = 0;
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_LEDGER_H_
