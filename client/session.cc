#include "client/session.h"

#include <utility>

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;

}  // namespace

absl::StatusOr<Session> Session::Open(const std::string& path, const Limits& limits, Hello hello) {
  Session session(path, limits);
  absl::Status connected = session.Connect();
  if (connected.ok() && hello == Hello::kAsk) connected = session.AskHello();
  if (!connected.ok()) return connected;
  return session;
}

absl::Status Session::Connect() {
  absl::StatusOr<UniqueFd> fd = client::Connect(path_, limits_);
  if (!fd.ok()) return fd.status();
  channel_ = std::make_unique<Channel>(*std::move(fd), limits_);
  return absl::OkStatus();
}

absl::Status Session::AskHello() {
  channel_->dialogue().AskHello(false);
  const absl::StatusOr<Response> answer = AwaitAnswer(*channel_, nullptr, "");
  if (answer.ok() && answer->kind == Response::Kind::kHello && answer->version >= proto::kControlVersion) {
    level_ = proto::Level::kTwo;
    master_pid_ = answer->pid;
    return absl::OkStatus();
  }
  // Whoever closed, or answered with anything else, has not understood the word.
  if (answer.ok() || absl::IsAborted(answer.status())) return Connect();
  return answer.status();
}

absl::StatusOr<std::unique_ptr<Channel>> Session::NewChannel() const {
  absl::StatusOr<UniqueFd> fd = client::Connect(path_, limits_);
  if (!fd.ok()) return fd.status();
  auto channel = std::make_unique<Channel>(*std::move(fd), limits_);
  if (level_ == proto::Level::kTwo) channel->dialogue().AskHello(true);
  return channel;
}

absl::StatusOr<Response> Session::Ask(const Request& request, Progress* progress, std::string_view what) {
  const absl::Status asked = channel_->dialogue().Ask(request);
  if (!asked.ok()) return asked;
  return AwaitAnswer(*channel_, progress, what);
}

absl::StatusOr<std::vector<std::string>> Session::ServiceNames() {
  if (level_ == proto::Level::kBase) {
    return absl::FailedPreconditionError(
        "this fectld is too old to list its services; name the services instead");
  }
  Request overview;
  overview.verb = Request::Verb::kOverview;
  const absl::StatusOr<Response> answer = Ask(overview);
  if (!answer.ok()) return answer.status();
  std::vector<std::string> names;
  for (const proto::ServiceView& service : answer->overview.services) names.push_back(service.name);
  return names;
}

}  // namespace fectl::client
