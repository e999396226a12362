#include "client/session.h"

#include <pwd.h>
#include <unistd.h>

#include <string>
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
  if (answer.ok() && answer->kind == Response::Kind::kErrorNotPermitted) return NotPermitted(*answer);
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

absl::Status NotPermitted(const proto::Response& answer) {
  std::string words = answer.text.empty() ? "fectld refused it" : answer.text;
  // fectld knows numbers only: to look up a name could make it wait. Here it is the name of who asks.
  const std::string number = "user " + std::to_string(geteuid()) + " ";
  const passwd* const user = words.starts_with(number) ? getpwuid(geteuid()) : nullptr;
  if (user != nullptr) words = std::string("user ") + user->pw_name + " " + words.substr(number.size());
  const std::string text = "not permitted: " + words;
  return absl::PermissionDeniedError(absl::string_view(text.data(), text.size()));
}

}  // namespace fectl::client
