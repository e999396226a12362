#include "master/sim/rules/checks.h"

#include <cstdint>
#include <limits>
#include <string_view>
#include <variant>
#include <vector>

#include "master/sim/rules/facts.h"
#include "master/sim/rules/slot_rules.h"

namespace fectl::sim {

Checks::Checks(const std::vector<core::ServicePolicy>& policies, Marks* marks)
    : ledger_(policies),
      marks_(marks),
      services_(marks),
      answers_(marks),
      changes_(policies),
      rollouts_(marks) {}

void Checks::Before(const core::Supervisor& supervisor, const core::Event& event) {
  services_.BeforeStep(supervisor, event, ledger_);
  answers_.BeforeStep(supervisor, event);
  rollouts_.BeforeStep(supervisor, event);
}

void Checks::After(const core::Supervisor& supervisor, const core::Event* event, const core::Moment& at,
                   const core::Effects& effects) {
  const View view{supervisor, event, at, effects, ledger_, world_, verdict_};
  if (event != nullptr) ledger_.Take(*event, at);
  const bool beats = view.event_as<core::WorkerBeat>() != nullptr;
  if (!beats) {
    processes_.OnEvent(view);
    records_.OnEvent(view);
    answers_.OnEvent(view);
    changes_.OnEvent(view);
    rollouts_.OnEvent(view);
  }
  for (const core::Effect& effect : effects) {
    marks_->Saw(effect);
    processes_.OnEffect(view, effect);
    records_.OnEffect(view, effect);
    services_.OnEffect(view, effect);
    order_.OnEffect(view, effect);
    answers_.OnEffect(view, effect);
    changes_.OnEffect(view, effect);
    rollouts_.OnEffect(view, effect);
    ledger_.Take(effect, event, at);
  }
  services_.AfterStep(view);
  order_.AfterStep(view);
  const core::Incarnation* who = event == nullptr ? nullptr : Concerns(*event);
  if (beats) {
    // By far the most frequent event moves a deadline of one slot and nothing else.
    const core::Service* service = view.Find(who->service);
    if (service != nullptr && who->slot < service->slots().size())
      SlotRules::AfterStep(view, who->service, who->slot);
    return;
  }
  processes_.AfterStep(view);
  records_.AfterStep(view);
  for (core::ServiceId id = 0; id < ledger_.services(); ++id) {
    if (who != nullptr && who->service != id && !ledger_.ordered()) continue;
    changes_.AfterStep(view, id);
    const core::Service* service = view.Find(id);
    if (service == nullptr) continue;
    services_.AfterStep(view, id);
    rollouts_.AfterStep(view, id);
    for (uint32_t slot = 0; slot < service->slots().size(); ++slot) SlotRules::AfterStep(view, id, slot);
  }
  // What is about one process changes one service, and those that wait for it.
  const core::Service* changed = who == nullptr ? nullptr : view.Find(who->service);
  const std::string_view contradiction =
      who == nullptr || ledger_.ordered() ? supervisor.Contradiction()
      : changed == nullptr                ? std::string_view()
                           : changed->Contradiction(std::numeric_limits<core::Generation>::max());
  if (!contradiction.empty()) view.Break("the state does not contradict itself (I37)", contradiction);
  // Last, since what breaks another rule mostly breaks these, too.
  events_.AfterStep(view);
  ledger_.EndStep();
}

}  // namespace fectl::sim
