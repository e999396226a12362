#include "client/http/master_link.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "client/session/connect.h"
#include "client/session/session.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::http {
namespace {

// A place in the queue of the control socket is there at once, or fectld does not run: the wait for one keeps
// all clients waiting.
constexpr int64_t kConnectMs = 50;

}  // namespace

void MasterLink::Want(int64_t since_ms, int64_t now_ms, Wanted* what) {
  const State& state = what->state;
  if (state.asked_ms >= 0 && state.asked_ms >= since_ms - kFreshMs && state.failed_ms < 0) return;
  what->wanted = true;
  AskNext(now_ms);
}

void MasterLink::WantService(const std::string& name, int64_t since_ms, int64_t now_ms) {
  if (services_.size() >= kServicesMax && services_.count(name) == 0) {
    std::erase_if(services_, [](const auto& one) { return !one.second.wanted.wanted; });
  }
  Want(since_ms, now_ms, &services_[name].wanted);
}

MasterLink::State MasterLink::service_state(const std::string& name) const {
  const auto found = services_.find(name);
  return found == services_.end() ? State() : found->second.wanted.state;
}

const proto::ServiceView* MasterLink::service(const std::string& name) const {
  const auto found = services_.find(name);
  return found == services_.end() || !found->second.view.has_value() ? nullptr : &*found->second.view;
}

bool MasterLink::Choose(Asked* what, std::string* service) const {
  // The sign of life first: it takes no time, and somebody waits for it.
  if (sign_.wanted || view_.wanted) {
    *what = sign_.wanted ? Asked::kSign : Asked::kView;
    return true;
  }
  const auto found = std::find_if(services_.begin(), services_.end(),
                                  [](const auto& one) { return one.second.wanted.wanted; });
  if (found == services_.end()) return false;
  *what = Asked::kService;
  *service = found->first;
  return true;
}

void MasterLink::AskNext(int64_t now_ms) {
  Asked what = Asked::kHello;
  std::string service;
  if (asked_.has_value() || !Choose(&what, &service)) return;
  absl::Status status;
  if (channel_ == nullptr) {
    status = Connect(now_ms);
  } else if (greeted_) {
    status = Ask(what, std::move(service), now_ms);
  }
  if (!status.ok()) Fail(status, now_ms);
}

absl::Status MasterLink::Connect(int64_t now_ms) {
  const client::Limits limits = {.deadline_ms = now_ms + kConnectMs, .silence_ms = kConnectMs};
  absl::StatusOr<base::UniqueFd> fd = client::Connect(path_, limits);
  if (!fd.ok()) return fd.status();
  channel_ = std::make_unique<client::Channel>(*std::move(fd), client::Limits{});
  greeted_ = false;
  return Ask(Asked::kHello, "", now_ms);
}

absl::Status MasterLink::Ask(Asked what, std::string service, int64_t now_ms) {
  asked_ = what;
  asked_service_ = std::move(service);
  asked_at_ms_ = now_ms;
  channel_->Heard(now_ms);
  proto::Request request;
  switch (what) {
    case Asked::kHello:
      channel_->dialogue().AskHello(/*quietly=*/false);
      return absl::OkStatus();
    case Asked::kSign:
      request.verb = proto::Verb::kPing;
      break;
    case Asked::kView:
      request.verb = proto::Verb::kWorkers;
      break;
    case Asked::kService:
      request.verb = proto::Verb::kInspect;
      request.service = asked_service_;
      break;
  }
  return channel_->dialogue().Ask(request);
}

void MasterLink::OnReady(short revents, int64_t now_ms) {
  if (channel_ == nullptr || revents == 0) return;
  channel_->OnReady(revents, now_ms);
  absl::Status status;
  while (status.ok() && channel_ != nullptr) {
    std::optional<proto::Response> answer = channel_->TakeAnswer();
    if (!answer.has_value()) break;
    status = Take(*std::move(answer), now_ms);
  }
  if (status.ok() && channel_ != nullptr) status = channel_->end();
  if (!status.ok()) Fail(status, now_ms);
  AskNext(now_ms);
}

void MasterLink::OnTime(int64_t now_ms) {
  if (channel_ == nullptr || !asked_.has_value()) return;
  channel_->OnTime(now_ms);
  if (!channel_->end().ok()) Fail(channel_->end(), now_ms);
}

absl::Status MasterLink::Take(proto::Response answer, int64_t now_ms) {
  const std::optional<Asked> asked = std::exchange(asked_, std::nullopt);
  if (!asked.has_value()) return absl::DataLossError("fectld has answered unasked");
  if (answer.kind == proto::Response::Kind::kErrorNotPermitted) return client::NotPermitted(answer);
  if (*asked == Asked::kHello) return TakeHello(answer);
  if (*asked == Asked::kSign) {
    if (answer.kind != proto::Response::Kind::kPong) return absl::DataLossError("fectld did not answer Ping");
    sign_ = {{.asked_ms = asked_at_ms_, .failed_ms = -1}, false};
    view_.state.failed_ms = -1;
    return absl::OkStatus();
  }
  if (*asked == Asked::kService) return TakeService(std::move(answer));
  if (answer.kind != proto::Response::Kind::kOverview) {
    return absl::UnknownError("fectld did not tell its workers: " + answer.text);
  }
  answer_ = std::move(answer.overview);
  ++view_number_;
  view_ = {{.asked_ms = asked_at_ms_, .failed_ms = -1}, false};
  // Whoever is answered has answered.
  sign_ = {{.asked_ms = now_ms, .failed_ms = -1}, false};
  return absl::OkStatus();
}

absl::Status MasterLink::TakeService(proto::Response answer) {
  const bool known = answer.kind == proto::Response::Kind::kInspect;
  if (!known && answer.kind != proto::Response::Kind::kErrorUnknownService) {
    return absl::UnknownError("fectld did not tell of " + asked_service_ + ": " + answer.text);
  }
  Looked& looked = services_[asked_service_];
  looked.wanted = {{.asked_ms = asked_at_ms_, .failed_ms = -1}, false};
  looked.view.reset();
  if (known) looked.view = std::move(answer.inspect);
  return absl::OkStatus();
}

absl::Status MasterLink::TakeHello(const proto::Response& answer) {
  if (answer.kind == proto::Response::Kind::kError) return absl::UnavailableError(answer.text);
  if (answer.kind != proto::Response::Kind::kHello ||
      proto::AgreedLevel(answer.version) < proto::Level::kThree) {
    return absl::FailedPreconditionError("this fectld is too old for fectl-http: they are of one release");
  }
  ucred peer = {};
  socklen_t size = sizeof peer;
  is_here_ = getsockopt(channel_->fd(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == answer.pid;
  greeted_ = true;
  return absl::OkStatus();
}

void MasterLink::Fail(const absl::Status& why, int64_t now_ms) {
  channel_.reset();
  asked_.reset();
  trouble_ = std::string(why.message());
  // What is known of a fectld that has gone is no answer any more.
  const auto fail = [&](Wanted* one) {
    one->state.asked_ms = -1;
    if (one->wanted) one->state.failed_ms = now_ms;
    one->wanted = false;
  };
  fail(&view_);
  fail(&sign_);
  for (auto& [name, looked] : services_) fail(&looked.wanted);
}

}  // namespace fectl::http
