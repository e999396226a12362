#ifndef MASTER_RUNTIME_LISTENERS_LISTENER_SET_H_
#define MASTER_RUNTIME_LISTENERS_LISTENER_SET_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/config/config.h"
#include "master/core/basis/time.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/sockets/passed_sockets.h"
#include "master/runtime/listeners/watched_listener.h"
#include "master/runtime/workers/service_plan.h"
#include "proto_spec/control_status.h"

namespace fectl::runtime {

// What the listeners need to know of the services that use them.
class ListenerUsers {
 public:
  virtual ~ListenerUsers() = default;
  // Who could have shut it down, in words: "web (pid 12, 13)".
  virtual std::string Suspects(ListenerId listener) const = 0;
  // There is a new socket in its place: the workers that run hold one on which nobody can connect.
  virtual void OnOpenedAnew(ListenerId listener, const std::string& name) = 0;
};

// The listening sockets of the workers. The master never accepts on them; it keeps them open whatever happens
// to the workers, and takes the listening up again when a worker ended it for everybody with shutdown(2).
//
// A listener that the configuration has no longer stays until no worker has it: see CloseUnused().
class ListenerSet {
 public:
  // Opens those that can be opened. In the place of another a descriptor is kept that is of no use yet, so
  // that the numbers which the workers are given stay what they are.
  // `passed`: what those of `from = "systemd"` are taken of, now and in other configurations.
  static absl::StatusOr<std::unique_ptr<ListenerSet>> Open(const std::vector<config::SocketConfig>& sockets,
                                                           platform::PassedSockets passed = {});
  ListenerSet(const ListenerSet&) = delete;
  ListenerSet& operator=(const ListenerSet&) = delete;
  ~ListenerSet();

  // The loop outlives the set, and so do the users while the loop turns.
  absl::Status Watch(platform::EventLoop* loop, ListenerUsers* users);

  // Closes the master's copies, which removes the files of UNIX sockets. For good: `shared` keeps numbers
  // that must not be given to anybody any more.
  void Close();

  // Why it is not open: "socket http: cannot listen on ...". Ok: it is.
  absl::Status StateOf(ListenerId id) const;

  // Opens those which are not open. The error of the first that cannot be; ResourceExhausted where that is
  // expected to change by itself.
  absl::Status OpenMissing(const std::vector<ListenerId>& ids);

  // Once in each turn of the loop, with its time; takes up what was shut down.
  void OnTurn(core::Instant now);
  // When OnTurn() has to be called at the latest; kNever: no need.
  core::Instant next_deadline() const;

  // Gives each of these, which have the same order as the ids, its address, and says there which are not
  // open, and of which UNIX sockets somebody removed or replaced the file.
  void ShowAddresses(const std::vector<ListenerId>& ids, std::vector<proto::SocketView>* sockets) const;

  // For a start that somebody asks for. Makes the files of those anew, and lets those that are not open be
  // tried at once. Workers that start from here on get the new listeners; those that run keep the old ones.
  void MakeReachable(const std::vector<ListenerId>& ids);

  // The sockets of another configuration: listeners that are there already where the address is the same,
  // with what changes of them changed, and new ones. An error: nothing has changed.
  absl::StatusOr<std::vector<SharedSocket>> OpenFor(const std::vector<config::SocketConfig>& sockets);
  // From here on these are the sockets of the configuration.
  void Use(std::vector<SharedSocket> shared);
  // Closes what is neither of the configuration nor used.
  void CloseUnused(const std::function<bool(ListenerId)>& is_used);
  // Whether there are some that the configuration does not have; whether this is one.
  bool has_retired() const { return listeners_.size() > shared_.size(); }
  bool IsRetired(ListenerId id) const;
  // Before the last worker that has it stops to accept: see platform::Listener.
  void TurnAway(ListenerId id);

  // Of the configuration, in its order; also those that are closed.
  const std::vector<SharedSocket>& shared() const { return shared_; }

 private:
  struct Member {
    ListenerId id = 0;
    std::unique_ptr<WatchedListener> listener;
  };

  // What a listener was like.
  struct Before {
    WatchedListener* listener = nullptr;
    platform::ListenSpec spec;
    bool turned_away = false;
  };

  explicit ListenerSet(platform::PassedSockets passed) : passed_(std::move(passed)) {}

  platform::ListenSpec SpecOf(const config::SocketConfig& socket) const;
  static void PutBack(const std::vector<Before>& changed);
  WatchedListener* Find(ListenerId id) const;  // nullptr: there is none
  absl::StatusOr<Member> OpenNew(const config::SocketConfig& socket);
  const Member* FindAt(const platform::ListenSpec& spec, const std::string& name) const;

  const platform::PassedSockets passed_;  // outlives the listeners
  std::vector<Member> listeners_;
  ListenerId newest_ = 0;
  std::vector<SharedSocket> shared_;
  platform::EventLoop* loop_ = nullptr;
  ListenerUsers* users_ = nullptr;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_LISTENERS_LISTENER_SET_H_
