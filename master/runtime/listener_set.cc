#include "master/runtime/listener_set.h"

#include <fcntl.h>
#include <glog/logging.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "master/platform/loop/clock.h"
#include "master/platform/loop/patience.h"
#include "master/runtime/limits.h"
#include "master/runtime/log_limit.h"
#include "proto_spec/base/unique_fd.h"

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

int FamilyOf(config::SocketProto proto) {
  switch (proto) {
    case config::SocketProto::kTcp4:
      return AF_INET;
    case config::SocketProto::kTcp6:
      return AF_INET6;
    case config::SocketProto::kUnix:
      return AF_UNIX;
  }
  return AF_UNSPEC;
}

}  // namespace

class ListenerSet::Watched final : private platform::FdWatcher {
 public:
  Watched(std::string name, platform::ListenSpec spec) : name_(std::move(name)), spec_(std::move(spec)) {}
  ~Watched() override { Unwatch(); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // Connections are the workers' business: only an error or the end of the listening is of interest here.
  absl::Status Watch(platform::EventLoop* loop) {
    loop_ = loop;
    if (!listener_.has_value()) return absl::OkStatus();
    absl::Status watched = loop->Watch(listener_->fd(), EPOLLRDHUP, this);
    watched_ = watched.ok();
    return watched;
  }

  // Where that does not succeed, the number is taken all the same.
  absl::Status OpenFirst(const platform::Patience& patience) {
    while (absl::IsResourceExhausted(TryOpen()) && patience.Wait()) {
    }
    if (listener_.has_value()) return absl::OkStatus();
    placeholder_.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
    return placeholder_.valid() ? absl::OkStatus() : absl::ErrnoToStatus(errno, "cannot open /dev/null");
  }

  // Not more often than is of use, as many workers may ask for the same.
  absl::Status OpenMissing() {
    const core::Instant now{platform::MonotonicNanos()};
    if (listener_.has_value() || now < try_again_at_) return why_not_;
    if (TryOpen().ok()) {
      if (absl::Status taken = listener_->TakeNumber(std::move(placeholder_)); !taken.ok()) return taken;
      LOG(INFO) << "socket " << name_ << " listens on " << listener_->address();
      if (loop_ != nullptr) return Watch(loop_);
    }
    return why_not_;
  }

  const absl::Status& why_not() const { return why_not_; }
  int fd() const { return listener_.has_value() ? listener_->fd() : placeholder_.get(); }
  std::string address() const {
    return listener_.has_value() ? listener_->address() : platform::Listener::AddressIn(spec_);
  }
  // For people.
  std::string ShownAddress() const {
    if (!listener_.has_value()) return address() + " (not open)";
    return address() + (listener_->Reachable() ? "" : " (its file is gone)");
  }

  // kNever: it listens.
  core::Instant revive_at() const { return down_ ? not_before_ : core::kNever; }

  void Revive(core::Instant now, const SharedSocket& shared, ListenerUsers* users) {
    not_before_ = now + kReviveInterval;
    absl::Status again = listener_->ListenAgain();
    if (again.ok()) again = Watch(loop_);
    down_ = !again.ok();
    std::string more;
    if (log_.Pass(now, &more)) {
      LOG(WARNING) << "socket " << name_ << ": somebody shut down the listening on " << address()
                   << " for everybody, a worker of " << users->Suspects(shared) << "; "
                   << (down_ ? "it cannot be taken up again: " : "it was taken up again") << again.message()
                   << more;
    }
    if (!down_ && listener_->family() == AF_UNIX) users->OnOpenedAnew(shared);
  }

  const std::optional<platform::Listener>& listener() const { return listener_; }
  const std::string& name() const { return name_; }

  void MakeReachable() {
    try_again_at_ = core::Instant{};  // somebody asks
    if (!listener_.has_value() || listener_->Reachable()) return;
    Unwatch();
    const absl::Status opened = listener_->OpenAnew();
    LOG_IF(WARNING, opened.ok()) << "socket " << name_ << ": the file " << address()
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

  absl::Status TryOpen() {
    try_again_at_ = core::Instant{platform::MonotonicNanos()} + kOpenPause;
    absl::Status failed = OpenOnce();
    // What a killed fectld has left behind cannot be seen any more just before, and when, the socket is free.
    if (absl::IsUnavailable(failed)) failed = OpenOnce();
    const bool ends = absl::IsResourceExhausted(why_not_) && absl::IsUnavailable(failed);
    why_not_ = failed.ok() ? failed
                           : absl::Status(ends ? absl::StatusCode::kResourceExhausted : failed.code(),
                                          "socket " + name_ + ": " + std::string(failed.message()));
    return why_not_;
  }

  absl::Status OpenOnce() {
    auto opened = platform::Listener::Open(spec_);
    if (opened.ok()) listener_.emplace(*std::move(opened));
    return opened.status();
  }

  void Unwatch() {
    if (watched_) loop_->Unwatch(listener_->fd());
    watched_ = false;
  }

  std::string name_;
  platform::ListenSpec spec_;
  std::optional<platform::Listener> listener_;
  base::UniqueFd placeholder_;  // has the listener's number while that is not open
  absl::Status why_not_;
  core::Instant try_again_at_;
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
  // What a killed fectld has left behind may be about to end.
  const platform::Patience patience(kLeftoversMs);
  for (const config::SocketConfig& socket : sockets) {
    auto listener = std::make_unique<Watched>(socket.name, ToSpec(socket));
    if (absl::Status numbered = listener->OpenFirst(patience); !numbered.ok()) return numbered;
    set->shared_.push_back({.name = socket.name,
                            .fd = listener->fd(),
                            .family = FamilyOf(socket.proto),
                            .type = SOCK_STREAM,
                            .protocol = socket.proto == config::SocketProto::kUnix ? 0 : IPPROTO_TCP,
                            .address = listener->address(),
                            .app = socket.app,
                            .arguments = socket.arguments,
                            .services = socket.services});
    set->listeners_.push_back(std::move(listener));
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

absl::Status ListenerSet::StateOf(const std::string& name) const {
  const Watched* const listener = Find(name);
  return listener == nullptr ? absl::OkStatus() : listener->why_not();
}

absl::Status ListenerSet::OpenMissing(const std::vector<proto::SocketView>& sockets) {
  for (const proto::SocketView& socket : sockets) {
    Watched* const listener = Find(socket.name);
    if (listener == nullptr) continue;
    if (absl::Status opened = listener->OpenMissing(); !opened.ok()) return opened;
  }
  return absl::OkStatus();
}

void ListenerSet::ShowAddresses(std::vector<proto::SocketView>* sockets) const {
  for (proto::SocketView& socket : *sockets) {
    if (const Watched* const listener = Find(socket.name); listener != nullptr)
      socket.address = listener->ShownAddress();
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
