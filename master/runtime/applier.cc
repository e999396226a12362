#include "master/runtime/applier.h"

#include <glog/logging.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "master/platform/loop/clock.h"
#include "master/runtime/limits.h"

namespace fectl::runtime {
namespace {

using Kind = proto::Response::Kind;

proto::Response Error(std::string words) {
  return {.kind = Kind::kError, .text = std::move(words)};
}

// Whether it is to start behind the other one.
bool DependsOn(const config::ServiceConfig& service, const std::string& other) {
  const auto names = [&other](const std::vector<std::string>& list) {
    return std::find(list.begin(), list.end(), other) != list.end();
  };
  return names(service.after) || names(service.require);
}

std::string TroubleIn(const core::Service& service) {
  const auto trouble = service.trouble();
  if (!trouble.has_value()) return "";
  return absl::StrCat("worker(", trouble->first + 1, "): ", core::ToWords(trouble->second));
}

std::string Lines(const proto::PlanView& view) {
  std::string lines;
  for (const proto::ChangeView& change : view.changes)
    absl::StrAppend(&lines, lines.empty() ? "" : ", ", change.name.empty() ? change.section : change.name,
                    " ", change.kind);
  return lines;
}

}  // namespace

Applier::Applier(ApplyHost* host, ListenerSet* listeners, ConfigLoader* loader, config::Config running,
                 std::string file, int64_t loaded_at_ns)
    : host_(host),
      listeners_(listeners),
      loader_(loader),
      running_(std::move(running)),
      file_(std::move(file)),
      files_({file_}),
      loaded_at_ns_(loaded_at_ns) {
  NoteLabels();
}

int64_t Applier::VersionOf(const std::string& service) const {
  const auto found = versions_.find(service);
  return found == versions_.end() ? 1 : found->second;
}

const std::vector<std::string>& Applier::LabelsOf(const std::string& service) const {
  static const std::vector<std::string> kNone;
  const auto found = labels_.find(service);
  return found == labels_.end() ? kNone : found->second;
}

void Applier::NoteLabels() {
  labels_.clear();
  for (const config::ServiceConfig& service : running_.services) {
    if (!service.labels.empty()) labels_[service.name] = service.labels;
  }
}

std::string Applier::TroubleOf(const std::string& service) const {
  const auto found = troubles_.find(service);
  return found == troubles_.end() ? "" : found->second;
}

void Applier::Ask(ClientId client, std::string who, bool apply, const proto::PlanRequest& request) {
  if (jobs_.size() >= kApplyQueueMax) {
    return host_->Answer(client, Error("too many others wait for fectld to plan or apply: try again later"));
  }
  jobs_.push_back({client, std::move(who), apply, request});
}

void Applier::AskBySignal() {
  // One that has not begun reads the files as they are now.
  const auto waiting = begun_ ? std::next(jobs_.begin()) : jobs_.begin();
  const bool asked = std::any_of(waiting, jobs_.end(), [](const Job& job) { return job.client == 0; });
  if (!asked) jobs_.push_back({0, "a signal (SIGHUP)", true, {}});
}

void Applier::End() {
  for (const Job& job : jobs_) {
    if (job.client != 0 && !(answered_ && &job == &jobs_.front()))
      host_->Answer(job.client, Error("fectld is stopping"));
  }
  jobs_.clear();
  steps_.clear();
  begun_ = applying_ = false;
}

void Applier::OnTurn(core::Instant now) {
  loader_->OnTurn(now);
  if (applying_) Advance();
  while (!begun_ && !jobs_.empty()) Begin(now);
}

void Applier::Begin(core::Instant now) {
  begun_ = true;
  answered_ = false;
  const proto::PlanRequest& request = jobs_.front().request;
  if (request.revert) {
    if (!previous_.has_value()) {
      AnswerJob(Error("there is nothing to go back to: nothing was applied since fectld was started"));
      return EndJob();
    }
    view_ = {};
    wanted_files_ = files_;
    wanted_at_ns_ = 0;
    return OnWanted(*previous_);
  }
  wanted_at_ns_ = platform::WallNanos();
  loader_->Load(request.file.empty() ? file_ : request.file, now,
                [this](absl::StatusOr<config::LoadResult> loaded) { OnLoaded(std::move(loaded)); });
}

void Applier::OnLoaded(absl::StatusOr<config::LoadResult> loaded) {
  view_ = {};
  if (!loaded.ok()) {
    AnswerJob(Error(std::string(loaded.status().message())));
    return EndJob();
  }
  if (!loaded->ok()) {
    AnswerJob(Error("the configuration is not valid, nothing was changed:\n" + loaded->Describe()));
    return EndJob();
  }
  view_.warnings = loaded->Describe();
  wanted_files_ = loaded->files.empty() ? std::vector<std::string>{loaded->file} : loaded->files;
  OnWanted(std::move(loaded->config));
}

proto::PlanView Applier::ViewOf(const apply::Difference& difference) const {
  proto::PlanView view = view_;
  const Job& job = jobs_.front();
  if (!job.request.revert) view.file = job.request.file.empty() ? file_ : job.request.file;
  view.version = version_;
  view.id = apply::IdOf(version_, running_, wanted_);
  view.changes = difference.changes;
  view.untouched = difference.untouched;
  if (!difference.needs_restart.empty())
    view.refused = "only a restart of fectld can change " + difference.needs_restart;
  return view;
}

void Applier::OnWanted(config::Config wanted) {
  wanted_ = std::move(wanted);
  apply::Difference difference = apply::Compare(running_, wanted_);
  proto::PlanView view = ViewOf(difference);
  if (!jobs_.front().apply) {
    AnswerJob({.kind = Kind::kPlan, .detail = std::move(view)});
    return EndJob();
  }
  Start(std::move(difference), std::move(view));
}

void Applier::Start(apply::Difference difference, proto::PlanView view) {
  const Job& job = jobs_.front();
  const auto refuse = [this](const std::string& words) {
    LOG(ERROR) << "the configuration is not applied: " << words;
    AnswerJob(Error("nothing was changed: " + words));
    EndJob();
  };
  if (!job.request.id.empty() && job.request.id != view.id) {
    return refuse("the plan " + job.request.id + " is not what it would come to any more; it is " + view.id +
                  " now (fectl plan shows it)");
  }
  if (!view.refused.empty()) return refuse(view.refused);
  if (view.changes.empty()) {
    loaded_at_ns_ = wanted_at_ns_;
    files_ = wanted_files_;
    view.outcome = "done";
    AnswerJob({.kind = Kind::kApplied, .detail = std::move(view)});
    return EndJob();
  }
  auto shared = listeners_->OpenFor(wanted_.sockets);
  if (!shared.ok()) return refuse(std::string(shared.status().message()));
  shared_before_ = listeners_->shared();
  listeners_->Use(*std::move(shared));
  if (absl::Status made = MakeSteps(difference); !made.ok()) {
    listeners_->Use(shared_before_);
    host_->CloseUnusedListeners();
    return refuse(std::string(made.message()));
  }
  before_ = running_;
  view.version = ++version_;
  view_ = view;
  applying_ = true;
  LOG(INFO) << job.who << " applies version " << version_ << " of the configuration: " << Lines(view);
  if (!job.request.wait) {
    view.outcome = "started";
    AnswerJob({.kind = Kind::kApplied, .detail = std::move(view)});
  }
  Advance();
}

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

// Each service behind those that it names. (The configuration has no circles.)
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
  if (!applying_ || at_ >= steps_.size()) return false;
  Step& step = steps_[at_];
  if (step.request != reply.request || reply.request == 0) return false;
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
    if (!step.begun) BeginStep(step);
    if (!applying_ || !StepIsDone(step)) return;
    KeepRunning(step);
    ++at_;
  }
  if (applying_) Finish();
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
      overrides_.erase(step.what.name);
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
  if (state == core::ServiceState::kStopped || state == core::ServiceState::kStopping) {
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
  if (step.begun && !step.done && step.kind == StepKind::kAdd) AddedStep(step);
  if (step.begun && !step.done && step.kind == StepKind::kGrow) GrownStep(step);
  return applying_ && step.done;
}

// The service is there in the turn after the event.
void Applier::AddedStep(Step& step) {
  const core::Service* const service = host_->FindService(step.what.name);
  if (service == nullptr || step.commanded) return;
  host_->SetName(service->id(), step.what.name);
  step.commanded = true;
  KeepRunning(step);
  if (!step.service->autostart) {
    step.done = true;
    return;
  }
  step.request = host_->NewRequest();
  host_->Emit(core::Commanded{.request = step.request, .service = service->id(), .verb = core::Verb::kStart});
}

void Applier::GrownStep(Step& step) {
  const core::Service* const service = host_->FindService(step.what.name);
  if (service == nullptr || service->up_since() == core::kNever) {
    step.done = true;
    return;
  }
  const auto num = static_cast<size_t>(step.what.num_after);
  if (service->policy().num != num) return;  // the event is on its way
  for (size_t i = 0; i < num; ++i) {
    const core::Slot& slot = service->slots()[i];
    if (slot.given_up()) return Fail(step, "a worker more did not come up: " + TroubleIn(*service));
    if (!slot.ready()) return;
  }
  step.done = true;
}

void Applier::Fail(const Step& step, const std::string& words) {
  const core::Service* const service = host_->FindService(step.what.name);
  // What was to be done of the service is taken back.
  if (step.plan_before.has_value() && service != nullptr) {
    // Under a new number: the old one is forgotten where no process of it was left.
    core::Plan before{host_->Keep(*step.plan_before), step.before.policy};
    before.policy.num = service->policy().num;
    host_->SetName(service->id(), before.policy.name);
    host_->Emit(core::PlanChanged{service->id(), std::move(before)});
  }
  troubles_[step.what.renamed_from.empty() ? step.what.name : step.what.renamed_from] =
      absl::StrCat("version ", version_, " was not taken: ", words);
  view_.outcome = "failed";
  view_.failure = absl::StrCat(step.what.name, ": ", words);
  std::string left;
  for (size_t i = at_ + 1; i < steps_.size(); ++i) {
    if (left.find(steps_[i].what.name) == std::string::npos)
      absl::StrAppend(&left, left.empty() ? "" : ", ", steps_[i].what.name);
  }
  if (!left.empty()) absl::StrAppend(&view_.failure, "; not begun: ", left);
  LOG(ERROR) << "version " << version_ << " of the configuration could not be applied: " << view_.failure;
  listeners_->Use(shared_before_);
  previous_ = before_;
  loaded_at_ns_ = 0;
  EndApplication();
}

void Applier::Finish() {
  previous_ = before_;
  running_ = wanted_;
  files_ = wanted_files_;
  loaded_at_ns_ = wanted_at_ns_;
  view_.outcome = "done";
  LOG(INFO) << "version " << version_ << " of the configuration runs";
  EndApplication();
}

void Applier::EndApplication() {
  applying_ = false;
  steps_.clear();
  NoteLabels();
  host_->CloseUnusedListeners();
  if (!answered_) AnswerJob({.kind = Kind::kApplied, .detail = view_});
  EndJob();
}

// What the step has led to is what runs.
void Applier::KeepRunning(const Step& step) {
  auto& services = running_.services;
  const std::string& before = step.what.renamed_from.empty() ? step.what.name : step.what.renamed_from;
  const auto found =
      std::find_if(services.begin(), services.end(), [&](const config::ServiceConfig& service) {
        return service.name == before || service.name == step.what.name;
      });
  versions_[step.what.name] = version_;
  troubles_.erase(before);
  troubles_.erase(step.what.name);
  if (step.kind == StepKind::kRemove) {
    if (found != services.end()) services.erase(found);
    versions_.erase(step.what.name);
    return;
  }
  if (found == services.end()) {
    services.push_back(*step.service);
    return;
  }
  if (step.kind == StepKind::kGrow || step.kind == StepKind::kShrink) {
    found->num = step.service->num;
    found->num_auto = step.service->num_auto;
    return;
  }
  const auto moved = overrides_.extract(before);
  const int num = found->num;
  *found = *step.service;
  found->num = num;
  if (!moved.empty()) overrides_[step.what.name] = moved.mapped();
}

void Applier::AnswerJob(proto::Response response) {
  answered_ = true;
  const Job& job = jobs_.front();
  if (job.client != 0) return host_->Answer(job.client, response);
  if (response.kind == Kind::kError) LOG(ERROR) << "after " << job.who << ": " << response.text;
}

void Applier::EndJob() {
  jobs_.pop_front();
  begun_ = false;
}

}  // namespace fectl::runtime
