#include "client/session/session.h"

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
  absl::StatusOr<base::UniqueFd> fd = client::Connect(path_, limits_);
  if (!fd.ok()) return fd.status();
  channel_ = std::make_unique<Channel>(*std::move(fd), limits_);
  return absl::OkStatus();
}

// Ok where it is understood; Aborted where it is not, or the connection was closed.
absl::Status Session::TryHello() {
  channel_->dialogue().AskHello(false);
  const absl::StatusOr<Response> answer = AwaitAnswer(*channel_, nullptr, "");
  if (answer.ok() && answer->kind == Response::Kind::kHello &&
      proto::AgreedLevel(answer->version) > proto::Level::kBase) {
    level_ = proto::AgreedLevel(answer->version);
    master_pid_ = answer->pid;
    return absl::OkStatus();
  }
  if (answer.ok() && answer->kind == Response::Kind::kErrorNotPermitted) return NotPermitted(*answer);
  return answer.ok() ? absl::AbortedError("Hello was not understood") : answer.status();
}

absl::Status Session::AskHello() {
  const absl::Status said = TryHello();
  return absl::IsAborted(said) ? Connect() : said;
}

absl::Status Session::NeedLevelTwo(std::string_view words) {
  if (level_ >= proto::Level::kTwo) return absl::OkStatus();
  const absl::StatusOr<Response> pong = Ask({.verb = Request::Verb::kPing, .service = ""});
  if (!pong.ok()) return pong.status();
  absl::Status again = Connect();
  if (again.ok()) again = TryHello();
  if (!absl::IsAborted(again)) return again;
  return absl::FailedPreconditionError(absl::string_view(words.data(), words.size()));
}

absl::Status Session::NeedLevelThree(std::string_view words) {
  const absl::Status two = NeedLevelTwo(words);
  if (!two.ok() || level_ >= proto::Level::kThree) return two;
  return absl::FailedPreconditionError(absl::string_view(words.data(), words.size()));
}

absl::StatusOr<std::unique_ptr<Channel>> Session::NewChannel() const {
  absl::StatusOr<base::UniqueFd> fd = client::Connect(path_, limits_);
  if (!fd.ok()) return fd.status();
  auto channel = std::make_unique<Channel>(*std::move(fd), limits_);
  if (level_ >= proto::Level::kTwo) channel->dialogue().AskHello(true);
  return channel;
}

absl::StatusOr<Response> Session::Ask(const Request& request, Progress* progress, std::string_view what) {
  const absl::Status asked = channel_->dialogue().Ask(request);
  if (!asked.ok()) return asked;
  return AwaitAnswer(*channel_, progress, what);
}

absl::StatusOr<proto::MasterView> Session::Overview() {
  const absl::Status listed =
      NeedLevelTwo("this fectld is too old to list its services; name the services instead");
  if (!listed.ok()) return listed;
  Request overview;
  overview.verb = Request::Verb::kOverview;
  absl::StatusOr<Response> answer = Ask(overview);
  if (!answer.ok()) return answer.status();
  if (answer->kind == Response::Kind::kErrorNotPermitted) return NotPermitted(*answer);
  if (answer->kind != Response::Kind::kOverview) {
    const std::string text =
        answer->text.empty() ? "fectld answered " + std::string(proto::WireWord(answer->kind)) : answer->text;
    return absl::UnknownError(absl::string_view(text.data(), text.size()));
  }
  return std::move(answer->overview);
}

absl::StatusOr<std::vector<std::string>> Session::ServiceNames() {
  const absl::StatusOr<proto::MasterView> overview = Overview();
  if (!overview.ok()) return overview.status();
  std::vector<std::string> names;
  for (const proto::ServiceView& service : overview->services) names.push_back(service.name);
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
