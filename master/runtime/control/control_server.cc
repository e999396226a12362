#include "master/runtime/control/control_server.h"

#include <glog/logging.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "master/runtime/limits.h"
#include "master/runtime/own_log/event_log.h"

namespace fectl::runtime {

ControlServer::~ControlServer() {
  StopAccepting();
  // While closed_ still exists: each of them reports its end to it.
  clients_.clear();
}

absl::Status ControlServer::Watch() {
  absl::Status watched = loop_->Watch(socket_->fd(), EPOLLIN, this);
  accepting_ = watched.ok();
  if (watched.ok() && !file_watched_) WatchFile();
  return watched;
}

void ControlServer::WatchFile() {
  if (leaving_) return;
  if (file_watch_ == nullptr) {
    auto watch = platform::FileWatch::Create(loop_, [this] { file_suspected_ = true; });
    if (watch.ok()) file_watch_ = *std::move(watch);
  }
  // Not: an old kernel, a sandbox, a limit, or the file went in this very moment. Then the clock tells when
  // to look.
  file_watched_ = file_watch_ != nullptr && file_watch_->Follow(socket_->path()).ok();
}

void ControlServer::PrepareToLeave() {
  leaving_ = true;
  if (file_watch_ != nullptr) file_watch_->Forget();
}

void ControlServer::StopAccepting() {
  if (accepting_) loop_->Unwatch(socket_->fd());
  accepting_ = false;
}

void ControlServer::OnReady(uint32_t /*events*/) {
  try {
    AcceptSome();
  } catch (const std::bad_alloc&) {
    // The connection in hand has ended with its descriptor's owner. The others are still waiting at the next
    // turn.
  }
}

void ControlServer::AcceptSome() {
  // A few at a time: a flood of connections must not keep the workers waiting.
  constexpr int kAcceptsPerTurn = 16;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    // Further ones wait in the listener's queue until somebody has gone: OnTurn() looks at it again then.
    if (clients_.size() >= ClientsMax()) return StopAccepting();
    auto peer = socket_->Accept();
    if (!peer.ok()) {
      std::string more;
      if (shortage_log_.Pass(now_, &more)) {
        LOG(WARNING) << "control socket: " << peer.status().message() << more;
      }
      StopAccepting();
      accept_at_ = now_ + kAcceptPause;
      return;
    }
    if (!peer->has_value()) return;
    Admit(std::move(**peer));
  }
}

void ControlServer::Admit(platform::ControlPeer peer) {
  const std::optional<config::Role> role = access_.RoleOf(peer);
  if (!role.has_value()) {
    return SendAway(peer, proto::Response::Kind::kErrorNotPermitted,
                    "has no role here (ask for one in [master] allow)");
  }
  if (!HasPlaceFor(peer.uid)) {
    return SendAway(peer, proto::Response::Kind::kError, "has too many connections already");
  }
  // A connection may end where no memory is left, so there must be room for its end from its beginning on.
  const size_t ends = clients_.size() + closed_.size() + 1;
  if (closed_.capacity() < ends) closed_.reserve(2 * ends);
  Share& share = shares_[peer.uid];
  const ClientId id = ++last_id_;
  ControlClientOwner* const owner = this;
  auto client =
      std::make_unique<ControlClient>(id, Peer{peer.uid, peer.pid, *role}, std::move(peer.fd), loop_, owner);
  if (!client->Watch().ok()) return;
  clients_.emplace(id, std::move(client));
  ++share.clients;
}

// Many users together can use up all places but root's; one alone leaves some to the others.
bool ControlServer::HasPlaceFor(uid_t user) const {
  if (user == 0) return true;
  const size_t places = ClientsMax();
  const auto share = shares_.find(user);
  const size_t own = share == shares_.end() ? 0 : share->second.clients;
  return clients_.size() + std::min(kRootPlaces, places / 4) < places && own < places - places / 4;
}

// The words fit into the new connection's buffer, so there is nothing to wait for, and nothing is kept.
void ControlServer::SendAway(const platform::ControlPeer& peer, proto::Response::Kind why,
                             const std::string& words) {
  std::string frame;
  const proto::Response last{.kind = why, .text = "user " + std::to_string(peer.uid) + " " + words};
  const absl::Status framed =
      AppendFrame(EncodeResponse(last, proto::Level::kTwo), proto::Level::kTwo, &frame);
  const bool sent =
      framed.ok() && send(peer.fd.get(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
  std::string more;
  if (!sent_away_log_.Pass(now_, &more)) return;
  LOG(WARNING) << "control socket: sent away " << Peer{peer.uid, peer.pid, {}}.ToString() << ", who " << words
               << (sent ? "" : ", without a word") << more;
}

void ControlServer::Refuse(ControlClient& client, const proto::Request& request) {
  std::string more;
  if (refused_log_.Pass(now_, &more)) {
    LOG(WARNING) << client.peer().ToString() << " asks: " << RequestWords(request)
                 << ": refused, may observe but not operate" << more;
  }
  client.Answer({.kind = proto::Response::Kind::kErrorNotPermitted,
                 .text = "user " + std::to_string(client.peer().uid) +
                         " may observe but not operate (ask for a role in [master] allow)"});
}

void ControlServer::OnRequest(ControlClient& client, const proto::Request& request) {
  if (client.peer().role < Needed(request.verb)) return Refuse(client, request);
  if (request.verb == proto::Verb::kUnsubscribe) {
    return Unsubscribe(client, std::get<proto::SubscriptionId>(request.arguments).id);
  }
  requests_->OnControlRequest(client.id(), client.peer(), request);
}

void ControlServer::OnHeld(const ControlClient& client, size_t before, size_t now) {
  held_ += now - before;
  shares_[client.peer().uid].bytes += now - before;
}

void ControlServer::ShedBytes() {
  while (held_ > kClientsBytesMax) {
    const auto user = std::max_element(shares_.begin(), shares_.end(), [](const auto& a, const auto& b) {
      return a.second.bytes < b.second.bytes;
    });
    ControlClient* heaviest = nullptr;
    for (const auto& [id, client] : clients_) {
      if (client->peer().uid != user->first) continue;
      if (heaviest == nullptr || client->held_bytes() > heaviest->held_bytes()) heaviest = client.get();
    }
    std::string more;
    if (shed_log_.Pass(now_, &more)) {
      LOG(WARNING) << "control clients hold " << held_ << " bytes together: " << heaviest->peer().ToString()
                   << " is dropped, with " << heaviest->held_bytes() << more;
    }
    heaviest->Close();
  }
}

void ControlServer::OnClosed(ControlClient& client) {
  closed_.push_back(client.id());
}

void ControlServer::Answer(ClientId client, const proto::Response& response) {
  const auto found = clients_.find(client);
  if (found == clients_.end() || found->second->closed()) return;
  if (response.kind == proto::Response::Kind::kHello) {
    found->second->SpeakAt(proto::AgreedLevel(response.version));
  }
  found->second->Answer(response);
  ShedBytes();
}

proto::Level ControlServer::LevelOf(ClientId client) const {
  const auto found = clients_.find(client);
  return found == clients_.end() ? proto::Level::kBase : found->second->level();
}

void ControlServer::Subscribe(ClientId client, int id, const std::string& service) {
  const auto found = clients_.find(client);
  if (found == clients_.end() || found->second->closed()) return;
  const char* const refused = subscriptions_.Add({client, found->second->peer().uid, id, service});
  if (refused != nullptr) return Answer(client, {.kind = proto::Response::Kind::kError, .text = refused});
  found->second->BeginSubscription(id);
  Answer(client, {.kind = proto::Response::Kind::kSubscribed, .detail = proto::SubscriptionId{.id = id}});
}

void ControlServer::Unsubscribe(ControlClient& client, int id) {
  if (!subscriptions_.Remove(client.id(), id)) {
    return client.Answer(
        {.kind = proto::Response::Kind::kError, .text = "there is no subscription with this id"});
  }
  client.EndSubscription(id, "the client has ended it");
  client.Answer({.kind = proto::Response::Kind::kDone});
}

void ControlServer::Publish(const std::string& service, proto::MessageRecord record) {
  const proto::EncodedMessage message(std::move(record));
  for (const Subscriptions::One& one : subscriptions_.all()) {
    if (one.service != service) continue;
    if (const auto found = clients_.find(one.client); found != clients_.end())
      found->second->PushRecord(one.id, message);
  }
  ShedBytes();
}

void ControlServer::EndSubscriptions(const std::string& words) {
  for (const Subscriptions::One& one : subscriptions_.all()) {
    const auto found = clients_.find(one.client);
    if (found != clients_.end()) found->second->EndSubscription(one.id, words);
  }
  subscriptions_ = {};
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
  if (socket_->Reachable()) {
    if (!file_watched_) WatchFile();
    return;
  }
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

void ControlServer::FreeClosed() {
  for (const ClientId id : closed_) {
    const auto client = clients_.find(id);
    if (client == clients_.end()) continue;
    const auto share = shares_.find(client->second->peer().uid);
    if (--share->second.clients == 0) shares_.erase(share);
    subscriptions_.RemoveClient(id);
    clients_.erase(client);
  }
  closed_.clear();  // its room stays
}

void ControlServer::OnTurn(core::Instant now) {
  now_ = now;
  KeepReachable();
  ShedBytes();
  FreeClosed();
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
  const bool looks = file_suspected_ || (!file_watched_ && !leaving_);
  const core::Instant look_at = looks ? file_checked_at_ + kSocketFileCheck : core::kNever;
  return std::min({second_at_, accept_at_, look_at});
}

}  // namespace fectl::runtime
