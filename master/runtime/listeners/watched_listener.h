#ifndef MASTER_RUNTIME_LISTENERS_WATCHED_LISTENER_H_
#define MASTER_RUNTIME_LISTENERS_WATCHED_LISTENER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "master/core/basis/time.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/loop/patience.h"
#include "master/platform/sockets/listeners.h"
#include "master/runtime/limits.h"
#include "master/runtime/own_log/log_limit.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::runtime {

// The listener of one socket of the configuration. Where it cannot be opened a descriptor is kept that is of
// no use yet, so that the number which workers are given stays what it is. Reports when somebody shut the
// listening down for everybody, and takes it up again.
class WatchedListener final : private platform::FdWatcher {
 public:
  WatchedListener(std::string name, platform::ListenSpec spec);
  ~WatchedListener() override;
  WatchedListener(const WatchedListener&) = delete;
  WatchedListener& operator=(const WatchedListener&) = delete;

  // The loop outlives it.
  absl::Status Watch(platform::EventLoop* loop);

  // Where that does not succeed, the number is taken all the same.
  absl::Status OpenFirst(const platform::Patience& patience);
  // Opens it now; the error says why not. For a listener that nobody has yet.
  absl::Status OpenNow(bool beside_another);
  // Not more often than is of use, as many workers may ask for the same.
  absl::Status OpenMissing();

  // For a start that somebody asks for: a file that is gone is made anew, and what is not open may be tried
  // at once.
  void MakeReachable();

  // Whether it listens, as far as the configuration goes, where `spec` says.
  bool IsAt(const platform::ListenSpec& spec) const;
  // All addresses of a port on the one side, and one of them on the other.
  bool Overlaps(const platform::ListenSpec& spec) const;
  // See platform::Listener.
  absl::Status Change(const platform::ListenSpec& spec);
  absl::Status ShareAddress();
  void TurnAway();
  // Connections are taken again. With a UNIX socket it is another listener under the same number, as its file
  // was removed: those that have the old one cannot be reached.
  absl::Status TakeBack();
  void Rename(const std::string& name) { name_ = name; }

  bool turned_away() const { return turned_away_; }
  const absl::Status& why_not() const { return why_not_; }  // ok: it is open
  int fd() const { return listener_.has_value() ? listener_->fd() : placeholder_.get(); }
  int family() const { return listener_.has_value() ? listener_->family() : 0; }
  const platform::ListenSpec& spec() const { return spec_; }
  const std::string& name() const { return name_; }
  std::string address() const;
  // For people.
  std::string ShownAddress() const;

  // When somebody's shutdown of the listening is to be undone; kNever: it listens.
  core::Instant revive_at() const { return down_ ? not_before_ : core::kNever; }
  // Takes the listening up again. `suspects`: who could have shut it down. True: it is another listener now,
  // which those that have the old one have to be given.
  bool Revive(core::Instant now, const std::string& suspects);

 private:
  void OnReady(uint32_t events) override;
  absl::Status TryOpen();
  absl::Status OpenOnce();
  void Unwatch();

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
  bool turned_away_ = false;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_LISTENERS_WATCHED_LISTENER_H_
