#include "master/runtime/control_server.h"

#include <glog/logging.h>
#include <sys/epoll.h>

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
  return watched;
}

void ControlServer::StopAccepting() {
  if (accepting_) loop_->Unwatch(socket_->fd());
  accepting_ = false;
}

void ControlServer::OnReady(uint32_t /*events*/) {
  // A few at a time: a flood of connections must not keep the workers waiting.
  constexpr int kAcceptsPerTurn = 16;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    auto peer = socket_->Accept();
    if (!peer.ok()) {
      LOG(WARNING) << "control socket: " << peer.status().message();
      StopAccepting();
      accept_at_ = now_ + kAcceptPause;
      return;
    }
    if (!peer->has_value()) return;
    Admit(std::move(**peer));
  }
}

bool ControlServer::Admit(platform::ControlPeer peer) {
  if (clients_.size() >= kClientsMax) return false;  // closed by its owner going out of scope
  const ClientId id = ++last_id_;
  ControlClientOwner* const owner = this;
  auto client = std::make_unique<ControlClient>(id, std::move(peer.fd), loop_, owner);
  const absl::Status watched = client->Watch();
  clients_.emplace(id, std::move(client));
  if (!watched.ok()) closed_.push_back(id);
  return watched.ok();
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
  if (hello) found->second->BecomeLevel2();
  found->second->Answer(response);
}

void ControlServer::OnTurn(core::Instant now) {
  now_ = now;
  for (const ClientId id : std::exchange(closed_, {})) clients_.erase(id);
  if (accept_at_ <= now) {
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
  return std::min(second_at_, accept_at_);
}

}  // namespace fectl::runtime
