#ifndef MASTER_RUNTIME_LISTENER_SET_H_
#define MASTER_RUNTIME_LISTENER_SET_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "master/config/config.h"
#include "master/platform/event_loop.h"
#include "master/platform/listeners.h"
#include "master/runtime/service_plan.h"
#include "proto_spec/control_status.h"

namespace fectl::runtime {

// The listening sockets of the workers. The master never accepts on them; it keeps them open whatever happens
// to the workers, and takes the listening up again when a worker ended it for everybody with shutdown(2).
class ListenerSet {
 public:
  // Binds all of them or none: the error names the one that cannot be.
  static absl::StatusOr<std::unique_ptr<ListenerSet>> Open(const std::vector<config::SocketConfig>& sockets);
  ListenerSet(const ListenerSet&) = delete;
  ListenerSet& operator=(const ListenerSet&) = delete;
  ~ListenerSet();

  // The loop outlives the set.
  absl::Status Watch(platform::EventLoop* loop);

  // UNIX sockets of these whose file somebody removed or replaced. Saying so in their addresses.
  void MarkUnreachable(std::vector<proto::SocketView>* sockets) const;

  // Makes the files of those anew. Workers that start from here on get the new listeners; those that run keep
  // the old ones.
  void MakeReachable(const std::vector<proto::SocketView>& sockets);

  const std::vector<SharedSocket>& shared() const { return shared_; }

 private:
  class Watched;

  ListenerSet() = default;

  Watched* Find(const std::string& name) const;  // nullptr: there is none

  std::vector<std::unique_ptr<Watched>> listeners_;
  std::vector<SharedSocket> shared_;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_LISTENER_SET_H_
