#include "master/sim/rules/event_rules.h"

#include <string>
#include <variant>

namespace fectl::sim {

void EventRules::Take(const View& view, const core::Effect& effect) {
  if (const auto* report = std::get_if<core::Report>(&effect)) return HasTheNextNumber(view, report->number);
  const auto* report = std::get_if<core::ServiceReport>(&effect);
  if (report == nullptr) return;
  HasTheNextNumber(view, report->number);
  if (report->what != core::ServiceReport::What::kCondition) return;
  // A wait may be told of again, for another service.
  const auto [told, is_first] = told_.emplace(report->service, "stopped");
  if (told->second == report->condition && report->condition != "waiting")
    view.Break("a change is told of once (I43)", report->condition);
  told->second = report->condition;
}

void EventRules::HasTheNextNumber(const View& view, core::EventNumber number) {
  if (number != newest_ + 1)
    view.Break("events have the next number (I42)",
               std::to_string(number) + " behind " + std::to_string(newest_));
  newest_ = number;
}

void EventRules::AfterStep(const View& view) {
  for (const core::Effect& effect : view.effects) Take(view, effect);
  if (view.supervisor.newest_event() != newest_)
    view.Break("no number is left out (I42)", std::to_string(view.supervisor.newest_event()));
  for (const core::Service& service : view.supervisor.services()) {
    const auto told = told_.find(service.id());
    const std::string_view word = told == told_.end() ? "stopped" : told->second;
    if (word != service.word()) view.Break("each change is told of (I43)", service.word());
  }
}

}  // namespace fectl::sim
