#ifndef MASTER_SIM_RULES_VIEW_H_
#define MASTER_SIM_RULES_VIEW_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "master/core/basis/ids.h"
#include "master/core/boundary/effects.h"
#include "master/core/boundary/events.h"
#include "master/core/supervisor.h"
#include "master/sim/rules/facts.h"
#include "master/sim/rules/ledger.h"

namespace fectl::sim {

// The first rule that was broken, in words: "who serves in time is left alone (I5): 0/2#7".
class Verdict {
 public:
  void Break(std::string_view rule, std::string_view what) {
    if (!broken_.has_value()) broken_ = std::string(rule) + ": " + std::string(what);
  }
  const std::optional<std::string>& broken() const { return broken_; }

 private:
  std::optional<std::string> broken_;
};

// What the world knows and events do not tell. Absent in a replay.
struct WorldView {
  // Whole messages that the worker has written and the master has not read.
  std::function<bool(const core::Incarnation&)> has_unread_messages = {};
  // For how long it could run since something of it was read.
  std::function<core::Span(const core::Incarnation&)> silent_for = {};
};

// One step as the rules see it. Boot is a step without event.
struct View {
  const core::Supervisor& supervisor;  // after the step
  const core::Event* event;
  const core::Moment& at;
  const core::Effects& effects;
  const Ledger& ledger;  // after the event and the effects that were looked at so far
  const WorldView& world;
  Verdict& verdict;

  template <typename E>
  const E* event_as() const {
    return event == nullptr ? nullptr : std::get_if<E>(event);
  }
  // Whether the event is about this very process.
  bool is_about(const core::Incarnation& who) const {
    const core::Incarnation* about = event == nullptr ? nullptr : Concerns(*event);
    return about != nullptr && *about == who;
  }
  const core::Service* Find(core::ServiceId id) const { return supervisor.Find(id); }  // nullptr: forgotten
  const core::Service& service(core::ServiceId id) const { return *supervisor.Find(id); }
  // Whether the event changes what the service is to be.
  bool changes(core::ServiceId id) const {
    const auto* resized = event_as<core::ServiceResized>();
    const auto* changed = event_as<core::PlanChanged>();
    return (resized != nullptr && resized->service == id) || (changed != nullptr && changed->service == id);
  }
  void Break(std::string_view rule, std::string_view what) const { verdict.Break(rule, what); }
};

}  // namespace fectl::sim

#endif  // MASTER_SIM_RULES_VIEW_H_
