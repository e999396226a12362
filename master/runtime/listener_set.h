#ifndef MASTER_RUNTIME_LISTENER_SET_H_
#define MASTER_RUNTIME_LISTENER_SET_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "master/config/config.h"
#include "master/core/time.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/sockets/listeners.h"
#include "master/runtime/service_plan.h"
#include "proto_spec/control_status.h"

namespace fectl::runtime {

// What the listeners need to know of the services that use them.
class ListenerUsers {
 public:
  virtual ~ListenerUsers() = default;
  // Who could have shut it down, in words: "web (pid 12, 13)".
  virtual std::string Suspects(const SharedSocket& socket) const = 0;
  // There is a new socket in its place: the workers that run hold one on which nobody can connect.
  virtual void OnOpenedAnew(const SharedSocket& socket) = 0;
};

// The listening sockets of the workers. The master never accepts on them; it keeps them open whatever happens
// to the workers, and takes the listening up again when a worker ended it for everybody with shutdown(2).
class ListenerSet {
 public:
  // Opens those that can be opened. In the place of another a descriptor is kept that is of no use yet, so
  // that the numbers which the workers are given stay what they are.
  static absl::StatusOr<std::unique_ptr<ListenerSet>> Open(const std::vector<config::SocketConfig>& sockets);
  ListenerSet(const ListenerSet&) = delete;
  ListenerSet& operator=(const ListenerSet&) = delete;
  ~ListenerSet();

  // The loop outlives the set, and so do the users while the loop turns.
  absl::Status Watch(platform::EventLoop* loop, ListenerUsers* users);

  // Closes the master's copies, which removes the files of UNIX sockets. For good: `shared` keeps numbers
  // that must not be given to anybody any more.
  void Close();

  // Why the socket of this name is not open: "socket http: cannot listen on ...". Ok: it is.
  absl::Status StateOf(const std::string& name) const;

  // Opens those of `sockets` which are not open. The error of the first that cannot be; ResourceExhausted
  // where that is expected to change by itself.
  absl::Status OpenMissing(const std::vector<proto::SocketView>& sockets);

  // Once in each turn of the loop, with its time; takes up what was shut down.
  void OnTurn(core::Instant now);
  // When OnTurn() has to be called at the latest; kNever: no need.
  core::Instant next_deadline() const;

  // Gives each of these its address, and says there which are not open, and of which UNIX sockets somebody
  // removed or replaced the file.
  void ShowAddresses(std::vector<proto::SocketView>* sockets) const;

  // For a start that somebody asks for. Makes the files of those anew, and lets those that are not open be
  // tried at once. Workers that start from here on get the new listeners; those that run keep the old ones.
  void MakeReachable(const std::vector<proto::SocketView>& sockets);

  const std::vector<SharedSocket>& shared() const { return shared_; }

 private:
  class Watched;

  ListenerSet() = default;

  Watched* Find(const std::string& name) const;  // nullptr: there is none

  std::vector<std::unique_ptr<Watched>> listeners_;
  std::vector<SharedSocket> shared_;  // in the same order, also of those that are closed
  ListenerUsers* users_ = nullptr;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_LISTENER_SET_H_
