#include "master/runtime/control_server.h"

#include <glog/logging.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "master/runtime/limits.h"

namespace fectl::runtime {

ControlServer::~ControlServer() {
  StopAccepting();
  // While closed_ still exists: each of them reports its end to it.
  clients_.clear();
}

absl::Status ControlServer::Watch() {
  absl::Status watched = loop_->Watch(socket_->fd(), EPOLLIN, this);
  accepting_ = watched.ok();
  if (watched.ok() && file_watch_ == nullptr) WatchFile();
  return watched;
}

void ControlServer::WatchFile() {
  if (file_watch_ == nullptr) {
    auto watch = platform::FileWatch::Create(loop_, [this] { file_suspected_ = true; });
    if (!watch.ok()) return;  // an old kernel, a sandbox, a limit: other turns see it
    file_watch_ = *std::move(watch);
  }
  // Not there: it went in this very moment.
  if (!file_watch_->Add(socket_->path()).ok()) file_suspected_ = true;
}

void ControlServer::StopAccepting() {
  if (accepting_) loop_->Unwatch(socket_->fd());
  accepting_ = false;
}

void ControlServer::OnReady(uint32_t /*events*/) {
  // A few at a time: a flood of connections must not keep the workers waiting.
  constexpr int kAcceptsPerTurn = 16;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    // Further ones wait in the listener's queue until somebody has gone: OnTurn() looks at it again then.
    if (clients_.size() >= ClientsMax()) return StopAccepting();
    auto peer = socket_->Accept();
    if (!peer.ok()) {
      // Said once: a client that tries again and again would fill the log.
      LOG_IF(WARNING, !std::exchange(accepting_failed_, true))
          << "control socket: " << peer.status().message();
      StopAccepting();
      accept_at_ = now_ + kAcceptPause;
      return;
    }
    if (!peer->has_value()) return;
    accepting_failed_ = false;
    Admit(std::move(**peer));
  }
}

void ControlServer::Admit(platform::ControlPeer peer) {
  const ClientId id = ++last_id_;
  ControlClientOwner* const owner = this;
  auto client = std::make_unique<ControlClient>(id, std::move(peer.fd), loop_, owner);
  const absl::Status watched = client->Watch();
  clients_.emplace(id, std::move(client));
  if (!watched.ok()) closed_.push_back(id);
}

void ControlServer::OnRequest(ControlClient& client, const proto::Request& request) {
  requests_->OnControlRequest(client.id(), request);
}

void ControlServer::OnClosed(ControlClient& client) {
  closed_.push_back(client.id());
}

void ControlServer::Answer(ClientId client, const proto::Response& response) {
  const auto found = clients_.find(client);
  if (found == clients_.end() || found->second->closed()) return;
  const bool hello = response.kind == proto::Response::Kind::kHello;
  if (hello && response.version >= proto::kControlVersion) found->second->BecomeLevel2();
  found->second->Answer(response);
}

size_t ControlServer::ClientsMax() {
  const long open_files = sysconf(_SC_OPEN_MAX);
  return open_files < 0 ? kClientsMax : std::min(kClientsMax, static_cast<size_t>(open_files) / 2);
}

// Somebody removed the socket's file: nobody could reach us any more. Whoever does it again and again has it
// made anew once in a while and no more.
void ControlServer::KeepReachable() {
  if (now_ - file_checked_at_ < kSocketFileCheck) return;
  file_checked_at_ = now_;
  file_suspected_ = false;
  if (socket_->Reachable()) return;
  StopAccepting();
  const absl::Status reopened = socket_->Reopen();
  if (reopened.ok()) {
    LOG(WARNING) << "the control socket's file " << socket_->path() << " was gone; it is made anew";
    WatchFile();
  } else {
    file_suspected_ = true;
    LOG_IF(ERROR, !file_missing_) << "the control socket's file is gone: " << reopened.message()
                                  << "; it is tried again and again";
  }
  file_missing_ = !reopened.ok();
  if (const absl::Status watched = Watch(); !watched.ok()) accept_at_ = now_ + kAcceptPause;
}

void ControlServer::OnTurn(core::Instant now) {
  now_ = now;
  KeepReachable();
  for (const ClientId id : std::exchange(closed_, {})) clients_.erase(id);
  const bool room_again = !accepting_ && accept_at_ == core::kNever && clients_.size() < ClientsMax();
  if (accept_at_ <= now || room_again) {
    accept_at_ = core::kNever;
    if (const absl::Status watched = Watch(); !watched.ok()) accept_at_ = now + kAcceptPause;
  }
  if (second_at_ <= now) {
    OnSecond(now);
  } else if (second_at_ == core::kNever && !clients_.empty()) {
    second_at_ = now + kPongInterval;
  }
}

void ControlServer::OnSecond(core::Instant now) {
  second_at_ = core::kNever;
  for (const auto& [id, client] : clients_) {
    if (client->wants_seconds()) client->OnSecond(now);
  }
  // Clients that wait for nothing cost nothing: the next second is counted only while somebody wants it.
  const bool wanted = std::any_of(clients_.begin(), clients_.end(),
                                  [](const auto& entry) { return entry.second->wants_seconds(); });
  if (wanted) second_at_ = now + kPongInterval;
}

core::Instant ControlServer::next_deadline() const {
  if (!closed_.empty()) return now_;
  const core::Instant look_at = file_suspected_ ? file_checked_at_ + kSocketFileCheck : core::kNever;
  return std::min({second_at_, accept_at_, look_at});
}

}  // namespace fectl::runtime
