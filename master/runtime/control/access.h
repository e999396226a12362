#ifndef MASTER_RUNTIME_CONTROL_ACCESS_H_
#define MASTER_RUNTIME_CONTROL_ACCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "master/config/config.h"
#include "master/platform/credentials/identity.h"
#include "master/platform/sockets/control_socket.h"
#include "proto_spec/control_messages.h"

namespace fectl::runtime {

// Who a control client is: what the kernel knew when it connected, and what that allows.
struct Peer {
  uid_t uid = 0;
  pid_t pid = 0;
  config::Role role = config::Role::kObserve;

  // "user 1000 (pid 4711)", for the log.
  std::string ToString() const;
};

// `[master] allow`: who may ask what on the control socket.
class Access {
 public:
  // Grants with their ids resolved. `own`: the user that the master runs as; that one and root may
  // everything.
  Access(std::vector<config::Grant> grants, uid_t own) : grants_(std::move(grants)), own_(own) {}

  // nullopt: has no role.
  std::optional<config::Role> RoleOf(const platform::ControlPeer& peer) const;

 private:
  std::vector<config::Grant> grants_;
  uid_t own_;
};

// What a request needs.
config::Role Needed(proto::Request::Verb verb);

// Who can reach the socket's file: as few as these grants allow. The kernel knows one group of a file;
// several of them, or users, need a file for everybody, and then only the roles decide. `owner`: who the
// master will be; nullptr: who it is.
platform::ControlFile FileFor(const std::vector<config::Grant>& grants, const platform::Identity* owner);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_CONTROL_ACCESS_H_
