// The steps of an application: how they are made, begun, and found to be done. (The rest is in applier.cc.)

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "master/runtime/apply/applier.h"
#include "master/runtime/growth.h"

namespace fectl::runtime {
namespace {

// Whether it is to start behind the other one.
bool DependsOn(const config::ServiceConfig& service, const std::string& other) {
  const auto names = [&other](const std::vector<std::string>& list) {
    return std::find(list.begin(), list.end(), other) != list.end();
  };
  return names(service.after) || names(service.require);
}

}  // namespace

void Applier::Add(StepKind kind, const config::ServiceConfig* service, const apply::ServiceStep& what) {
  Step step;
  step.kind = kind;
  step.service = service;
  step.what = what;
  steps_.push_back(std::move(step));
}

// In the order in which they are done. Nothing has changed yet, but for files of output that are open now.
absl::Status Applier::MakeSteps(const apply::Difference& difference) {
  steps_.clear();
  at_ = 0;
  const auto find = [](const config::Config& config,
                       const std::string& name) -> const config::ServiceConfig* {
    for (const config::ServiceConfig& service : config.services) {
      if (service.name == name) return &service;
    }
    return nullptr;
  };
  bool rolled = false;
  for (const StepKind kind : {StepKind::kLive, StepKind::kGrow, StepKind::kAdd, StepKind::kRoll,
                              StepKind::kGrow, StepKind::kShrink, StepKind::kRemove}) {
    if (kind == StepKind::kRoll) rolled = true;
    for (const apply::ServiceStep& what : difference.services) {
      // Workers that are added and replaced are replaced first: those that are added are new already.
      const bool grows = what.num_after > what.num_before && what.roll == rolled;
      const bool kept = !what.added && !what.removed;
      const bool applies = kind == StepKind::kLive     ? kept && what.live && !what.roll
                           : kind == StepKind::kGrow   ? kept && grows
                           : kind == StepKind::kAdd    ? what.added
                           : kind == StepKind::kRoll   ? kept && what.roll
                           : kind == StepKind::kShrink ? kept && what.num_after < what.num_before
                                                       : what.removed;
      if (!applies) continue;
      Add(kind, find(wanted_, what.name), what);
      if (kind != StepKind::kAdd && kind != StepKind::kRoll) continue;
      auto plan = host_->MakePlan(*steps_.back().service, listeners_->shared());
      if (!plan.ok()) return plan.status();
      steps_.back().plan = *std::move(plan);
    }
  }
  OrderByDependency(StepKind::kAdd);
  OrderByDependency(StepKind::kRoll);
  return absl::OkStatus();
}

// Each service behind those that it names. (The configuration has no circles.) One that is added waits for
// those that are starting, but for none that has not been told to.
void Applier::OrderByDependency(StepKind kind) {
  const auto of_kind = [kind](const Step& step) { return step.kind == kind; };
  auto first = std::find_if(steps_.begin(), steps_.end(), of_kind);
  const auto last = std::find_if_not(first, steps_.end(), of_kind);
  for (; first != last; ++first) {
    const auto is_next = [&](const Step& candidate) {
      return std::none_of(
          first, last, [&](const Step& other) { return DependsOn(*candidate.service, other.service->name); });
    };
    const auto next = std::find_if(first, last, is_next);
    if (next != last) std::rotate(first, next, std::next(next));
  }
}

bool Applier::OnReply(const core::Reply& reply) {
  if (!applying_ || reply.request == 0) return false;
  const auto found = std::find_if(steps_.begin() + static_cast<ptrdiff_t>(at_), steps_.end(),
                                  [&reply](const Step& s) { return s.request == reply.request; });
  if (found == steps_.end()) return false;
  Step& step = *found;
  step.request = 0;
  switch (reply.answer) {
    case core::Answer::kErrorStarting:
      step.begun = false;  // once more, when it has started
      break;
    case core::Answer::kStarted:
    case core::Answer::kDone:
    case core::Answer::kStopped:
    case core::Answer::kErrorStopping:
    case core::Answer::kErrorStopped:
    case core::Answer::kErrorUnknownService:
    case core::Answer::kErrorRunning:
      step.done = true;
      break;
    case core::Answer::kFailed:
    case core::Answer::kErrorReloading:
    case core::Answer::kErrorFailed:
      Fail(step, reply.words);
      break;
  }
  return true;
}

void Applier::Advance() {
  while (applying_ && at_ < steps_.size()) {
    Step& step = steps_[at_];
    if (step.kind == StepKind::kAdd) BeginAdds();
    if (!step.begun) BeginStep(step);
    if (!applying_ || !StepIsDone(step)) return;
    KeepRunning(step);
    ++at_;
  }
  if (applying_) Finish();
}

// All at once: none of them can take anything away from what runs.
void Applier::BeginAdds() {
  for (size_t i = at_; i < steps_.size() && steps_[i].kind == StepKind::kAdd; ++i) {
    if (!steps_[i].begun) {
      BeginStep(steps_[i]);
    } else if (!steps_[i].seen) {
      AddedStep(steps_[i]);
    }
  }
}

void Applier::BeginStep(Step& step) {
  const std::string& name = step.what.renamed_from.empty() ? step.what.name : step.what.renamed_from;
  const core::Service* service = host_->FindService(name);
  if (service == nullptr) service = host_->FindService(step.what.name);  // it has its new name already
  step.begun = true;
  if (step.kind == StepKind::kAdd) {
    const core::PlanVersion version = host_->Keep(*std::exchange(step.plan, std::nullopt));
    host_->Emit(core::ServiceAdded{{version, MakePolicy(*step.service)}});
    return;
  }
  if (service == nullptr) {
    step.done = true;
    return;
  }
  switch (step.kind) {
    case StepKind::kLive: {
      core::ServicePolicy policy = MakePolicy(*step.service);
      policy.num = service->policy().num;
      host_->SetName(service->id(), step.what.name);
      host_->Emit(core::PlanChanged{service->id(), {service->plan(), std::move(policy)}});
      step.done = true;
      break;
    }
    case StepKind::kGrow:
    case StepKind::kShrink:
      step.num_before = service->policy().num;
      if (const auto own = overrides_.extract(step.what.name); !own.empty())
        step.override_before = own.mapped();
      host_->Emit(core::ServiceResized{service->id(), static_cast<uint32_t>(step.what.num_after)});
      step.done = step.kind == StepKind::kShrink;
      break;
    case StepKind::kRoll:
      BeginRoll(step, *service);
      break;
    case StepKind::kRemove:
      host_->Emit(core::ServiceRemoved{service->id()});
      step.done = true;
      break;
    case StepKind::kAdd:
      break;
  }
}

void Applier::BeginRoll(Step& step, const core::Service& service) {
  if (step.plan.has_value()) {
    step.before = {service.plan(), service.policy()};
    step.plan_before = host_->PlanOf(service);
    core::ServicePolicy policy = MakePolicy(*step.service);
    policy.num = service.policy().num;
    host_->SetName(service.id(), step.what.name);
    host_->Emit(core::PlanChanged{service.id(),
                                  {host_->Keep(*std::exchange(step.plan, std::nullopt)), std::move(policy)}});
  }
  const core::ServiceState state = service.state();
  // One that waits for others is started as it is now.
  if (state == core::ServiceState::kStopped || state == core::ServiceState::kStopping ||
      state == core::ServiceState::kWaiting || (service.policy().oneshot && !step.service->autostart)) {
    step.done = true;
  } else if (state == core::ServiceState::kStarting) {
    step.begun = false;  // looked at again in the next turn
  } else {
    step.request = host_->NewRequest();
    host_->Emit(
        core::Commanded{.request = step.request, .service = service.id(), .verb = core::Verb::kReload});
  }
}

bool Applier::StepIsDone(Step& step) {
  if (step.begun && !step.done && step.kind == StepKind::kGrow) GrownStep(step);
  return applying_ && step.done;
}

// The service is there in the turn after the event.
void Applier::AddedStep(Step& step) {
  const core::Service* const service = host_->FindService(step.what.name);
  if (service == nullptr) return;
  step.seen = true;
  host_->SetName(service->id(), step.what.name);
  KeepRunning(step);
  if (!step.service->autostart) {
    step.done = true;
    return;
  }
  step.request = host_->NewRequest();
  host_->Emit(core::Commanded{.request = step.request, .service = service->id(), .verb = core::Verb::kStart});
}

void Applier::GrownStep(Step& step) {
  if (!std::exchange(step.seen, true)) return;  // the event is on its way
  const core::Service* const service = host_->FindService(step.what.name);
  const Growth growth =
      service == nullptr ? Growth::kDone : GrowthOf(*service, static_cast<uint32_t>(step.what.num_after));
  if (growth == Growth::kFailed)
    return Fail(step, "a worker more did not come up: " + service->TroubleInWords());
  step.done = growth == Growth::kDone;
}

}  // namespace fectl::runtime
