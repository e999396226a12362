#include "client/messages/run_messages.h"

#include <poll.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "client/exit_code.h"
#include "client/fail_about.h"
#include "client/json_text.h"
#include "client/process/signals.h"
#include "client/session/channel.h"
#include "client/session/clock.h"
#include "client/session/connect.h"
#include "client/session/selection.h"
#include "client/session/session.h"
#include "client/session/worker_of.h"
#include "client/text/nearest.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/message.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;

std::string Workers(int count) {
  return std::to_string(count) + (count == 1 ? " worker" : " workers");
}

int TellSent(const Context& context, const std::string& service, const proto::SentCounts& sent) {
  if (context.invocation.json) context.output.Out(SentJson(service, sent.taken, sent.refused));
  const std::string name = base::EscapeForTerminal(service);
  if (sent.taken > 0 && !context.invocation.json) {
    context.output.Out(name + ": " + Workers(sent.taken) + " took it\n");
  }
  if (sent.refused == 0) return kDone;
  context.output.Err("fectl: " + name + ": " + Workers(sent.refused) +
                     " could not take it: of the base level, or has not read what was sent before\n");
  return kFailed;
}

// A subscription, printed until it ends.
class Listening {
 public:
  Listening(const Context& context, Channel* channel, Signals* signals, std::string service)
      : context_(context), channel_(channel), signals_(signals), service_(std::move(service)) {}

  int Run() {
    channel_->Heard(MonotonicMs());
    for (;;) {
      while (const std::optional<Response> answer = channel_->TakeAnswer()) {
        if (const std::optional<int> end = Take(*answer)) return *end;
      }
      if (context_.output.out_closed() || context_.output.write_error() != 0) return kDone;
      if (!channel_->end().ok()) return FailAtEnd();
      if (Wait()) return kDone;
    }
  }

 private:
  // The exit code, where it was the last one.
  std::optional<int> Take(const Response& answer) {
    if (const auto* message = std::get_if<proto::MessageRecord>(&answer.detail)) {
      context_.output.Out(MessageJson(*message));
    } else if (const auto* gap = std::get_if<proto::GapRecord>(&answer.detail)) {
      context_.output.Out(LostJson(service_, gap->lost));
    } else {
      return Fail(context_, kNoMaster, answer.text.empty() ? "fectld ended the subscription" : answer.text);
    }
    return std::nullopt;
  }

  // True: somebody said that it is enough, or nobody reads any more.
  bool Wait() {
    const int64_t wake = channel_->wake_ms();
    const int64_t wait = wake == kNever ? -1 : std::clamp<int64_t>(wake - MonotonicMs(), 0, 60'000);
    pollfd ready[] = {{channel_->fd(), channel_->poll_events(), 0},
                      {signals_->fd(), POLLIN, 0},
                      {context_.output.out_fd(), 0, 0}};
    if (poll(ready, 3, static_cast<int>(wait)) < 0) return false;
    while (const std::optional<int> signal = signals_->Take()) {
      if (*signal != SIGCHLD) return true;
    }
    if ((ready[2].revents & (POLLERR | POLLHUP)) != 0) return true;
    const int64_t now = MonotonicMs();
    channel_->OnReady(ready[0].revents, now);
    channel_->OnTime(now);
    return false;
  }

  int FailAtEnd() {
    if (!absl::IsAborted(channel_->end())) return Fail(context_, channel_->end());
    if (absl::IsUnavailable(Connect(context_.socket_path, context_.limits).status())) {
      return Fail(context_, kNoMaster, "fectld has ended");
    }
    return Fail(context_, kFailed, "fectld closed the connection (its log says why)");
  }

  const Context& context_;
  Channel* channel_;
  Signals* signals_;
  std::string service_;
};

}  // namespace

int RunSend(const Context& context) {
  const std::string& word = context.invocation.operands[0];
  const std::string& json = context.invocation.operands[1];
  const std::optional<WorkerOf> target = ReadTarget(word);
  if (!target.has_value()) {
    return Fail(context, kUsage, "\"" + word + "\" is neither SERVICE nor SERVICE/N, N a worker from 1");
  }
  if (json.size() > proto::kAppMessageBytesMax) {
    return Fail(context, kUsage,
                "a message of " + std::to_string(json.size()) + " bytes; at most " +
                    std::to_string(proto::kAppMessageBytesMax) + " can be sent");
  }
  if (!proto::ValidJson(json))
    return Fail(context, kUsage, "the message is not JSON: " + proto::QuotedStart(json));
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  const absl::Status able = session->NeedLevelThree("this fectld is too old to pass on messages");
  if (!able.ok()) return Fail(context, able);
  const absl::StatusOr<std::string> service = SelectOne(*session, target->service, "send");
  if (!service.ok()) return Fail(context, service.status());
  Request request;
  request.verb = proto::Verb::kSend;
  request.service = *service;
  request.arguments = proto::MessageToSend{.worker = target->worker, .json = json};
  const absl::StatusOr<Response> answer = session->Ask(request);
  if (!answer.ok()) return Fail(context, answer.status());
  if (const auto* sent = std::get_if<proto::SentCounts>(&answer->detail)) {
    return TellSent(context, *service, *sent);
  }
  return FailAbout(context, *session, *answer, *service);
}

int RunListen(const Context& context) {
  absl::StatusOr<Session> session = Session::Open(context.socket_path, context.limits, Session::Hello::kAsk);
  if (!session.ok()) return Fail(context, session.status());
  const absl::Status able = session->NeedLevelThree("this fectld is too old to pass on messages");
  if (!able.ok()) return Fail(context, able);
  const absl::StatusOr<std::string> selected = SelectOne(*session, context.invocation.operands[0], "listen");
  if (!selected.ok()) return Fail(context, selected.status());
  const std::string& service = *selected;
  Request request;
  request.verb = proto::Verb::kListen;
  request.service = service;
  request.arguments = proto::SubscriptionId{.id = 1};
  const absl::StatusOr<Response> answer = session->Ask(request);
  if (!answer.ok()) return Fail(context, answer.status());
  if (answer->kind != Response::Kind::kSubscribed) return FailAbout(context, *session, *answer, service);
  absl::StatusOr<Signals> signals = Signals::Block();
  if (!signals.ok()) return Fail(context, signals.status());
  context.output.Err("fectl: listening to " + base::EscapeForTerminal(service) + "; Ctrl-C ends it\n");
  return Listening(context, &session->channel(), &*signals, service).Run();
}

}  // namespace fectl::client
