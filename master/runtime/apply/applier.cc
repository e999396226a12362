#include "master/runtime/apply/applier.h"

#include <glog/logging.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "master/platform/loop/clock.h"
#include "master/runtime/limits.h"

namespace fectl::runtime {
namespace {

using Kind = proto::Response::Kind;

std::string Lines(const proto::PlanView& view) {
  std::string lines;
  for (const proto::ChangeView& change : view.changes)
    absl::StrAppend(&lines, lines.empty() ? "" : ", ", change.name.empty() ? change.section : change.name,
                    " ", change.kind);
  return lines;
}

// What runs, but for one service, which is as it was before.
absl::StatusOr<config::Config> WithServiceOf(const config::Config& running, const config::Config& before,
                                             const std::string& name) {
  const auto is_it = [&name](const config::ServiceConfig& service) { return service.name == name; };
  config::Config wanted = running;
  const auto now = std::find_if(wanted.services.begin(), wanted.services.end(), is_it);
  const auto then = std::find_if(before.services.begin(), before.services.end(), is_it);
  if (now == wanted.services.end()) return absl::NotFoundError("there is no service " + name);
  if (then == before.services.end())
    return absl::NotFoundError("there was no service " + name + " before the last application");
  if (*now == *then)
    return absl::NotFoundError(name + " is what it was before the last application: nothing to go back to");
  *now = *then;
  return wanted;
}

}  // namespace

Applier::Applier(ApplyHost* host, ListenerSet* listeners, ConfigSource* loader, config::Config running,
                 std::string file, std::vector<std::string> files, int64_t loaded_at_ns)
    : host_(host),
      listeners_(listeners),
      loader_(loader),
      running_(std::move(running)),
      file_(std::move(file)),
      origin_{std::move(files), loaded_at_ns} {
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
  if (ended_) return host_->Answer(client, proto::ErrorInWords("fectld is stopping"));
  if (jobs_.size() >= kApplyQueueMax) {
    return host_->Answer(
        client, proto::ErrorInWords("too many others wait for fectld to plan or apply: try again later"));
  }
  jobs_.push_back({client, std::move(who), apply, request});
}

void Applier::AskBySignal() {
  if (ended_) return;
  // One that has not begun reads the files as they are now.
  const auto waiting = begun_ ? std::next(jobs_.begin()) : jobs_.begin();
  const bool asked = std::any_of(waiting, jobs_.end(), [](const Job& job) { return job.client == 0; });
  if (!asked) jobs_.push_back({0, "a signal (SIGHUP)", true, {}});
}

void Applier::End() {
  for (const Job& job : jobs_) {
    if (job.client != 0 && !(answered_ && &job == &jobs_.front()))
      host_->Answer(job.client, proto::ErrorInWords("fectld is stopping"));
  }
  jobs_.clear();
  steps_.clear();
  begun_ = applying_ = false;
  ended_ = true;
}

void Applier::OnTurn(core::Instant now) {
  // What an application has begun is seen in the next turn, when the supervisor has stepped its events.
  const bool goes_on = applying_;
  loader_->OnTurn(now);
  if (ended_) return;
  if (goes_on) Advance();
  while (!begun_ && !jobs_.empty()) Begin(now);
}

void Applier::Begin(core::Instant now) {
  begun_ = true;
  answered_ = false;
  applications_begun_ += jobs_.front().apply ? 1 : 0;
  const proto::PlanRequest& request = jobs_.front().request;
  if (request.revert) {
    if (!previous_.has_value()) {
      AnswerJob(proto::ErrorInWords(
          "there is nothing to go back to: nothing was applied since fectld was started"));
      return EndJob();
    }
    view_ = {};
    wanted_origin_ = previous_->origin;
    if (request.service.empty()) return OnWanted(previous_->config);
    absl::StatusOr<config::Config> wanted = WithServiceOf(running_, previous_->config, request.service);
    if (wanted.ok()) return OnWanted(*std::move(wanted));
    AnswerJob(proto::ErrorInWords(std::string(wanted.status().message())));
    return EndJob();
  }
  wanted_origin_ = {{}, platform::WallNanos()};
  loader_->Load(request.file.empty() ? file_ : request.file, now,
                [this](absl::StatusOr<config::LoadResult> loaded) { OnLoaded(std::move(loaded)); });
}

void Applier::OnLoaded(absl::StatusOr<config::LoadResult> loaded) {
  if (ended_) return;  // nobody waits for it any more
  view_ = {};
  if (!loaded.ok()) {
    AnswerJob(proto::ErrorInWords(std::string(loaded.status().message())));
    return EndJob();
  }
  if (!loaded->ok()) {
    AnswerJob(
        proto::ErrorInWords("the configuration is not valid, nothing was changed:\n" + loaded->Describe()));
    return EndJob();
  }
  view_.warnings = loaded->Describe();
  wanted_origin_.files = loaded->files.empty() ? std::vector<std::string>{loaded->file} : loaded->files;
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
  for (const apply::ServiceStep& step : difference.services) {
    if (!step.added && !step.roll) continue;
    for (const config::ServiceConfig& service : wanted_.services) {
      if (service.name == step.name && view.refused.empty()) view.refused = host_->WhyNot(service);
    }
  }
  return view;
}

void Applier::OnWanted(config::Config wanted) {
  wanted_ = std::move(wanted);
  apply::Difference difference = apply::Compare(running_, wanted_);
  proto::PlanView view = ViewOf(difference);
  if (!jobs_.front().apply) {
    host_->Tell(
        {.type = proto::EventType::kConfigPlanned, .texts = {{"who", jobs_.front().who}, {"id", view.id}}});
    AnswerJob({.kind = Kind::kPlan, .detail = std::move(view)});
    return EndJob();
  }
  Start(std::move(difference), std::move(view));
}

void Applier::Start(apply::Difference difference, proto::PlanView view) {
  const Job& job = jobs_.front();
  const auto refuse = [this](const std::string& words) {
    LOG(ERROR) << "the configuration is not applied: " << words;
    AnswerJob(proto::ErrorInWords("nothing was changed: " + words));
    EndJob();
  };
  if (!job.request.id.empty() && job.request.id != view.id) {
    return refuse("the plan " + job.request.id + " is not what it would come to any more; it is " + view.id +
                  " now (fectl plan shows it)");
  }
  if (!view.refused.empty()) return refuse(view.refused);
  if (view.changes.empty()) {
    origin_ = wanted_origin_;
    troubles_.clear();
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
  host_->UseLive(wanted_);
  LOG(INFO) << job.who << " applies version " << version_ << " of the configuration: " << Lines(view);
  host_->Tell({.type = proto::EventType::kConfigApplying,
               .texts = {{"who", job.who}},
               .numbers = {{"version", version_}}});
  if (!job.request.wait) {
    view.outcome = "started";
    AnswerJob({.kind = Kind::kApplied, .detail = std::move(view)});
  }
  Advance();
}

// What was to be done of one service. (A service that was added stays, and a oneshot is to be tried again as
// it is.)
void Applier::TakeBack(const Step& step) {
  const core::Service* const service = host_->FindService(step.what.name);
  if (service == nullptr || step.kind == StepKind::kAdd) return;
  if (step.kind == StepKind::kGrow) {
    if (step.override_before.has_value()) overrides_[step.what.name] = *step.override_before;
    host_->Emit(core::ServiceResized{service->id(), step.num_before});
  } else if (step.service->type == config::ServiceType::kOneshot) {
    KeepRunning(step);
  } else if (step.plan_before.has_value()) {
    // Under a new number: the old one is forgotten where no process of it was left.
    core::Plan before{host_->Keep(*step.plan_before), step.before.policy};
    before.policy.num = service->policy().num;
    host_->SetName(service->id(), before.policy.name);
    host_->Emit(core::PlanChanged{service->id(), std::move(before)});
  }
}

void Applier::Fail(const Step& step, const std::string& words) {
  TakeBack(step);
  troubles_[step.what.renamed_from.empty() ? step.what.name : step.what.renamed_from] =
      absl::StrCat("version ", version_, " was not taken: ", words);
  view_.outcome = "failed";
  view_.failure = absl::StrCat(step.what.name, ": ", words);
  std::string left;
  std::set<std::string> named;
  for (const Step& other : steps_) {
    if (!other.begun && named.insert(other.what.name).second)
      absl::StrAppend(&left, left.empty() ? "" : ", ", other.what.name);
  }
  if (!left.empty()) absl::StrAppend(&view_.failure, "; not begun: ", left);
  LOG(ERROR) << "version " << version_ << " of the configuration could not be applied: " << view_.failure;
  host_->Tell({.type = proto::EventType::kConfigFailed,
               .texts = {{"who", jobs_.front().who}, {"why", view_.failure}},
               .numbers = {{"version", version_}}});
  listeners_->Use(shared_before_);
  host_->UseLive(running_);
  previous_ = Previous{std::move(before_), origin_};
  origin_.loaded_at_ns = 0;
  EndApplication();
}

void Applier::Finish() {
  previous_ = Previous{std::move(before_), std::move(origin_)};
  running_ = std::move(wanted_);
  origin_ = wanted_origin_;
  troubles_.clear();
  view_.outcome = "done";
  LOG(INFO) << "version " << version_ << " of the configuration runs";
  host_->Tell({.type = proto::EventType::kConfigApplied, .numbers = {{"version", version_}}});
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
  if (response.kind == Kind::kError && job.apply)
    host_->Tell(
        {.type = proto::EventType::kConfigFailed, .texts = {{"who", job.who}, {"why", response.text}}});
  if (job.client != 0) return host_->Answer(job.client, response);
  if (response.kind != Kind::kError) return;
  for (const absl::string_view line : absl::StrSplit(response.text, '\n', absl::SkipEmpty()))
    LOG(ERROR) << "after " << job.who << ": " << line;
}

void Applier::EndJob() {
  jobs_.pop_front();
  begun_ = false;
}

}  // namespace fectl::runtime
