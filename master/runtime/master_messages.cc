// The part of the master that carries messages of the applications' own, and the outcome of operations, to
// control clients of level 3.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "master/runtime/master.h"
#include "master/runtime/views/status_view.h"
#include "proto_spec/message.h"
#include "proto_spec/worker_messages.h"

namespace fectl::runtime {
namespace {

std::string NoWorker(const std::string& service, int worker) {
  if (worker == 0) return "no worker of " + service + " runs";
  return "worker " + std::to_string(worker) + " of " + service + " does not run";
}

// Of a oneshot; -1: it has none.
int ExitCodeOf(const core::Service& service) {
  if (!service.policy().oneshot) return -1;
  if (service.state() == core::ServiceState::kDone) return 0;
  const auto trouble = service.trouble();
  if (!trouble.has_value()) return -1;
  constexpr int kOfSignals = 128;  // as a shell says it
  if (trouble->second.kind == core::Cause::Kind::kExited) return trouble->second.number;
  return trouble->second.kind == core::Cause::Kind::kSignaled ? kOfSignals + trouble->second.number : -1;
}

}  // namespace

void Master::OnAppMessage(const core::Incarnation& who, const std::string& json) {
  if (!server_.has_subscriptions()) return;
  const core::Service* const of = supervisor().Find(who.service);
  if (of == nullptr) return;
  const WorkerLink* const link = workers_.Find(who);
  const std::string& service = of->policy().name;
  server_.Publish(service, {.service = service,
                            .worker = static_cast<int>(who.slot) + 1,
                            .pid = link == nullptr ? 0 : link->pid(),
                            .json = json});
}

proto::Response Master::SendToWorkers(const core::Service& service, const proto::MessageToSend& message) {
  const core::ServicePolicy& policy = service.policy();
  if (message.json.size() > proto::kAppMessageBytesMax) {
    return proto::ErrorInWords("a message of " + std::to_string(message.json.size()) + " bytes; at most " +
                               std::to_string(proto::kAppMessageBytesMax) + " can be sent");
  }
  if (!proto::ValidJson(message.json)) {
    return proto::ErrorInWords("the message is not JSON: " + proto::QuotedStart(message.json));
  }
  const int num = static_cast<int>(policy.num);
  if (message.worker > num) {
    return proto::ErrorInWords("there is no worker " + std::to_string(message.worker) + " of " + policy.name +
                               ": it has " + std::to_string(num));
  }
  std::optional<uint32_t> slot;
  if (message.worker > 0) slot = static_cast<uint32_t>(message.worker - 1);
  const WorkerSet::Sent sent = workers_.SendMessage(
      service.id(), slot,
      proto::EncodeMasterCommand({proto::MasterCommand::Kind::kAppMessage, message.json}));
  if (sent.taken + sent.refused == 0) return proto::ErrorInWords(NoWorker(policy.name, message.worker));
  return {.kind = proto::Response::Kind::kSent, .detail = proto::SentCounts{sent.taken, sent.refused}};
}

std::optional<proto::Outcome> Master::OutcomeOf(const Settling& one) const {
  const core::Service* const service = supervisor().Find(*one.waiting.service);
  if (service == nullptr) return std::nullopt;
  const proto::ServiceView view = Summarize(*service, PlanOf(*service), driver_.at().now);
  const bool replaces = one.waiting.verb == proto::Verb::kReload || one.waiting.verb == proto::Verb::kRestart;
  const bool done = one.response.kind == proto::Response::Kind::kServiceStarted;
  const LastWords::Words* const words = LastWordsOf(one);
  proto::Outcome outcome{
      .state = view.state,
      .cause = view.cause,
      .num = view.num,
      .ready = view.ready,
      .replaced = replaces && done ? std::min(one.waiting.serving, view.num) : 0,
      .still_leaving = view.still_leaving,
      .undrained = view.undrained,
      .undrained_sigterm = view.undrained_sigterm,
      .exit_code = ExitCodeOf(*service),
      .lines = words == nullptr ? "" : words->lines,
      .lines_of = words == nullptr || words->lines.empty() ? 0 : static_cast<int>(*one.failed) + 1,
      // A request that came in the turn in which it was answered began after the time of that turn.
      .took_s = std::max(0.0, static_cast<double>((one.done_at - one.waiting.began).ns / 1'000'000) / 1000),
      .rollout = {}};
  if (replaces) outcome.rollout = rollouts_.Describe(*service, driver_.at().now);
  return outcome;
}

const LastWords::Words* Master::LastWordsOf(const Settling& one) const {
  return one.failed.has_value() ? last_words_.Of(*one.waiting.service, *one.failed) : nullptr;
}

// For a moment, so that the answer has them; the answer of the logger, or its absence, wakes the loop.
bool Master::AwaitsLastWords(const Settling& one) const {
  const LastWords::Words* const words = LastWordsOf(one);
  return words != nullptr && words->asked;
}

bool Master::Settled(Settling& one) const {
  const bool scale = one.waiting.verb == proto::Verb::kScale;
  if (scale && !Scaled(one)) return false;
  if (AwaitsLastWords(one)) return false;
  if (scale || driver_.at().now >= one.done_at + one.waiting.leave_wait) return true;
  const core::Service* const service = supervisor().Find(*one.waiting.service);
  return service == nullptr ||
         std::ranges::all_of(service->slots(), [](const core::Slot& slot) { return slot.leaving().empty(); });
}

// Answers those whose old workers have ended, or which have waited for that long enough.
void Master::AnswerSettled(bool all) {
  std::vector<Settling> due;
  for (Settling& one : settling_) {
    if (!all && !Settled(one)) continue;
    if (const auto outcome = OutcomeOf(one); outcome.has_value()) one.response.detail = *outcome;
    due.push_back(std::move(one));
    one.waiting.client = 0;  // no client has this number
  }
  std::erase_if(settling_, [](const Settling& one) { return one.waiting.client == 0; });
  // An answer may bring the client's next request at once.
  for (const Settling& one : due) server_.Answer(one.waiting.client, one.response);
}

}  // namespace fectl::runtime
