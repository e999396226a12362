#include "master/runtime/listener_set.h"

#include <glog/logging.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "master/runtime/limits.h"
#include "master/runtime/log_limit.h"

namespace fectl::runtime {
namespace {

platform::ListenSpec ToSpec(const config::SocketConfig& socket) {
  platform::ListenSpec spec;
  switch (socket.proto) {
    case config::SocketProto::kTcp4:
      spec.protocol = platform::ListenSpec::Protocol::kTcp4;
      break;
    case config::SocketProto::kTcp6:
      spec.protocol = platform::ListenSpec::Protocol::kTcp6;
      break;
    case config::SocketProto::kUnix:
      spec.protocol = platform::ListenSpec::Protocol::kUnix;
      break;
  }
  spec.host = socket.host;
  spec.port = socket.port;
  spec.path = socket.path;
  spec.backlog = socket.backlog;
  if (socket.mode.has_value()) spec.mode = static_cast<mode_t>(*socket.mode);
  if (socket.owner_id.has_value()) spec.owner = *socket.owner_id;
  if (socket.group_id.has_value()) spec.group = *socket.group_id;
  return spec;
}

}  // namespace

class ListenerSet::Watched final : private platform::FdWatcher {
 public:
  Watched(std::string name, platform::Listener listener)
      : name_(std::move(name)), listener_(std::move(listener)) {}
  ~Watched() override { Unwatch(); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // Connections are the workers' business: only an error or the end of the listening is of interest here.
  absl::Status Watch(platform::EventLoop* loop) {
    loop_ = loop;
    absl::Status watched = loop->Watch(listener_.fd(), EPOLLRDHUP, this);
    watched_ = watched.ok();
    return watched;
  }

  // kNever: it listens.
  core::Instant revive_at() const { return down_ ? not_before_ : core::kNever; }

  void Revive(core::Instant now, const SharedSocket& shared, ListenerUsers* users) {
    not_before_ = now + kReviveInterval;
    absl::Status again = listener_.ListenAgain();
    if (again.ok()) again = Watch(loop_);
    down_ = !again.ok();
    std::string more;
    if (log_.Pass(now, &more)) {
      LOG(WARNING) << "socket " << name_ << ": somebody shut down the listening on " << listener_.address()
                   << " for everybody, a worker of " << users->Suspects(shared) << "; "
                   << (down_ ? "it cannot be taken up again: " : "it was taken up again") << again.message()
                   << more;
    }
    if (!down_ && listener_.family() == AF_UNIX) users->OnOpenedAnew(shared);
  }

  const platform::Listener& listener() const { return listener_; }
  const std::string& name() const { return name_; }

  void MakeReachable() {
    if (listener_.Reachable()) return;
    Unwatch();
    const absl::Status opened = listener_.OpenAnew();
    LOG_IF(WARNING, opened.ok()) << "socket " << name_ << ": the file " << listener_.address()
                                 << " was gone; it is made anew for the workers that start from now on";
    LOG_IF(ERROR, !opened.ok()) << "socket " << name_ << ": its file is gone: " << opened.message();
    if (loop_ == nullptr) return;
    if (const absl::Status watched = Watch(loop_); !watched.ok()) LOG(ERROR) << watched.message();
  }

 private:
  void OnReady(uint32_t events) override {
    // After shutdown(2) a TCP listener reports EPOLLHUP, and a UNIX one EPOLLRDHUP.
    if ((events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) == 0) return;
    down_ = true;
    Unwatch();
  }

  void Unwatch() {
    if (watched_) loop_->Unwatch(listener_.fd());
    watched_ = false;
  }

  std::string name_;
  platform::Listener listener_;
  platform::EventLoop* loop_ = nullptr;
  LogLimit log_{kRefusalLogInterval};
  core::Instant not_before_;
  bool watched_ = false;
  bool down_ = false;
};

ListenerSet::~ListenerSet() = default;

void ListenerSet::Close() {
  listeners_.clear();
}

absl::StatusOr<std::unique_ptr<ListenerSet>> ListenerSet::Open(
    const std::vector<config::SocketConfig>& sockets) {
  std::unique_ptr<ListenerSet> set(new ListenerSet());
  for (const config::SocketConfig& socket : sockets) {
    auto listener = platform::Listener::Open(ToSpec(socket));
    if (!listener.ok()) {
      return absl::Status(listener.status().code(),
                          "socket " + socket.name + ": " + std::string(listener.status().message()));
    }
    set->shared_.push_back({.name = socket.name,
                            .fd = listener->fd(),
                            .family = listener->family(),
                            .type = listener->type(),
                            .protocol = listener->protocol(),
                            .address = listener->address(),
                            .app = socket.app,
                            .arguments = socket.arguments,
                            .services = socket.services});
    set->listeners_.push_back(std::make_unique<Watched>(socket.name, *std::move(listener)));
  }
  return set;
}

absl::Status ListenerSet::Watch(platform::EventLoop* loop, ListenerUsers* users) {
  users_ = users;
  for (const auto& listener : listeners_) {
    if (absl::Status watched = listener->Watch(loop); !watched.ok()) return watched;
  }
  return absl::OkStatus();
}

ListenerSet::Watched* ListenerSet::Find(const std::string& name) const {
  const auto found = std::find_if(listeners_.begin(), listeners_.end(),
                                  [&name](const auto& listener) { return listener->name() == name; });
  return found == listeners_.end() ? nullptr : found->get();
}

void ListenerSet::MarkUnreachable(std::vector<proto::SocketView>* sockets) const {
  for (proto::SocketView& socket : *sockets) {
    const Watched* const listener = Find(socket.name);
    if (listener != nullptr && !listener->listener().Reachable()) socket.address += " (its file is gone)";
  }
}

void ListenerSet::MakeReachable(const std::vector<proto::SocketView>& sockets) {
  for (const proto::SocketView& socket : sockets) {
    if (Watched* const listener = Find(socket.name); listener != nullptr) listener->MakeReachable();
  }
}

void ListenerSet::OnTurn(core::Instant now) {
  for (size_t i = 0; i < listeners_.size(); ++i) {
    if (listeners_[i]->revive_at() <= now) listeners_[i]->Revive(now, shared_[i], users_);
  }
}

core::Instant ListenerSet::next_deadline() const {
  core::Instant next = core::kNever;
  for (const auto& listener : listeners_) next = std::min(next, listener->revive_at());
  return next;
}

}  // namespace fectl::runtime
