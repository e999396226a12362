#include "master/runtime/listeners/watched_listener.h"

#include <fcntl.h>
#include <glog/logging.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "master/platform/loop/clock.h"

namespace fectl::runtime {

WatchedListener::WatchedListener(std::string name, platform::ListenSpec spec)
    : name_(std::move(name)), spec_(std::move(spec)) {}

WatchedListener::~WatchedListener() {
  Unwatch();
}

// Connections are the workers' business: only an error or the end of the listening is of interest here.
absl::Status WatchedListener::Watch(platform::EventLoop* loop) {
  loop_ = loop;
  if (!listener_.has_value()) return absl::OkStatus();
  absl::Status watched = loop->Watch(listener_->fd(), EPOLLRDHUP, this);
  watched_ = watched.ok();
  return watched;
}

absl::Status WatchedListener::OpenFirst(const platform::Patience& patience) {
  while (absl::IsResourceExhausted(TryOpen()) && patience.Wait()) {
  }
  if (listener_.has_value()) return absl::OkStatus();
  placeholder_.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
  return placeholder_.valid() ? absl::OkStatus() : absl::ErrnoToStatus(errno, "cannot open /dev/null");
}

absl::Status WatchedListener::OpenNow(bool beside_another) {
  spec_.beside_another = beside_another;
  absl::Status opened = TryOpen();
  spec_.beside_another = false;
  return opened;
}

absl::Status WatchedListener::OpenMissing() {
  const core::Instant now{platform::MonotonicNanos()};
  if (listener_.has_value() || now < try_again_at_) return why_not_;
  if (TryOpen().ok()) {
    if (absl::Status taken = listener_->TakeNumber(std::move(placeholder_)); !taken.ok()) return taken;
    LOG(INFO) << "socket " << name_ << " listens on " << listener_->address();
    if (loop_ != nullptr) return Watch(loop_);
  }
  return why_not_;
}

void WatchedListener::MakeReachable() {
  try_again_at_ = core::Instant{};  // somebody asks
  if (!listener_.has_value() || turned_away_ || listener_->Reachable()) return;
  Unwatch();
  const absl::Status opened = listener_->OpenAnew();
  LOG_IF(WARNING, opened.ok()) << "socket " << name_ << ": the file " << address()
                               << " was gone; it is made anew for the workers that start from now on";
  LOG_IF(ERROR, !opened.ok()) << "socket " << name_ << ": its file is gone: " << opened.message();
  if (loop_ == nullptr) return;
  if (const absl::Status watched = Watch(loop_); !watched.ok()) LOG(ERROR) << watched.message();
}

bool WatchedListener::IsAt(const platform::ListenSpec& spec) const {
  // Two names may mean the same address.
  const bool same_host = spec.addresses.empty() && spec_.addresses.empty()
                             ? spec.host == spec_.host
                             : spec.addresses == spec_.addresses;
  return spec.passed_name == spec_.passed_name && spec.protocol == spec_.protocol && same_host &&
         spec.port == spec_.port && spec.path == spec_.path;
}

bool WatchedListener::Overlaps(const platform::ListenSpec& spec) const {
  if (spec.passed != nullptr || spec_.passed != nullptr) return false;  // what systemd has is not shared
  return spec.protocol != platform::ListenSpec::Protocol::kUnix && spec.protocol == spec_.protocol &&
         spec.port == spec_.port && spec.port != 0 && !IsAt(spec);
}

absl::Status WatchedListener::Change(const platform::ListenSpec& spec) {
  if (listener_.has_value()) {
    if (absl::Status changed = listener_->Change(spec); !changed.ok()) {
      return absl::Status(changed.code(), "socket " + name_ + ": " + std::string(changed.message()));
    }
  }
  spec_.host = spec.host;
  spec_.backlog = spec.backlog;
  spec_.mode = spec.mode;
  spec_.owner = spec.owner;
  spec_.group = spec.group;
  return absl::OkStatus();
}

absl::Status WatchedListener::ShareAddress() {
  return listener_.has_value() ? listener_->ShareAddress() : absl::OkStatus();
}

void WatchedListener::TurnAway() {
  if (std::exchange(turned_away_, true) || !listener_.has_value()) return;
  const absl::Status done = listener_->TurnAway();
  LOG_IF(WARNING, !done.ok()) << "socket " << name_ << ": " << done.message();
}

absl::Status WatchedListener::TakeBack() {
  if (!turned_away_) return absl::OkStatus();
  if (listener_.has_value()) {
    Unwatch();
    if (absl::Status taken = listener_->TakeBack(); !taken.ok()) return taken;
    if (absl::Status watched = Watch(loop_); !watched.ok()) return watched;
  }
  turned_away_ = false;
  return absl::OkStatus();
}

std::string WatchedListener::address() const {
  return listener_.has_value() ? listener_->address() : platform::Listener::AddressIn(spec_);
}

std::string WatchedListener::ShownAddress() const {
  if (!listener_.has_value()) return address() + " (not open)";
  return address() + (turned_away_ || listener_->Reachable() ? "" : " (its file is gone)");
}

bool WatchedListener::Revive(core::Instant now, const std::string& suspects) {
  not_before_ = now + kReviveInterval;
  absl::Status again = listener_->ListenAgain();
  if (again.ok()) again = Watch(loop_);
  down_ = !again.ok();
  std::string more;
  if (log_.Pass(now, &more)) {
    LOG(WARNING) << "socket " << name_ << ": somebody shut down the listening on " << address()
                 << " for everybody, a worker of " << suspects << "; "
                 << (down_ ? "it cannot be taken up again: " : "it was taken up again") << again.message()
                 << more;
  }
  return !down_ && listener_->family() == AF_UNIX;
}

void WatchedListener::OnReady(uint32_t events) {
  // After shutdown(2) a TCP listener reports EPOLLHUP, and a UNIX one EPOLLRDHUP.
  if ((events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) == 0) return;
  // One that nobody shall use any more is left as it is.
  down_ = !turned_away_;
  Unwatch();
}

absl::Status WatchedListener::TryOpen() {
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

absl::Status WatchedListener::OpenOnce() {
  auto opened = platform::Listener::Open(spec_);
  if (opened.ok()) listener_.emplace(*std::move(opened));
  return opened.status();
}

void WatchedListener::Unwatch() {
  if (watched_) loop_->Unwatch(listener_->fd());
  watched_ = false;
}

}  // namespace fectl::runtime
