#ifndef MASTER_RUNTIME_WORKERS_SERVICE_PLAN_H_
#define MASTER_RUNTIME_WORKERS_SERVICE_PLAN_H_

#include <sys/resource.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "master/config/config.h"
#include "master/core/basis/ids.h"
#include "master/core/boundary/policy.h"
#include "master/platform/children/launcher.h"
#include "proto_spec/control_status.h"

namespace fectl::runtime {

// Names a listener of the master (listener_set.h); never used twice.
using ListenerId = uint32_t;

// A listening socket as the workers get to know it.
struct SharedSocket {
  std::string name;
  ListenerId listener = 0;
  int fd = -1;  // borrowed: the listener stays its owner's
  int family = 0;
  int type = 0;
  int protocol = 0;
  std::string address;  // for people; as configured while it is not open
  std::optional<std::string> app;
  std::vector<std::string> arguments;
  std::vector<std::string> services;  // those that get it; empty: every service
};

bool SeesSocket(const SharedSocket& socket, const std::string& service);

using Environment = std::vector<std::pair<std::string, std::string>>;

// What the processes of one version of a service's plan are made of: all that does not change from one start
// to the next.
struct ServicePlan {
  platform::LaunchSpec launch;        // of the worker with index 0
  size_t index_variable = 0;          // which entry of launch.environment holds the worker's index
  size_t lane_variable = 0;           // and which one its lane
  std::vector<int> socket_fds;        // what is passed besides the pipes, in order
  std::vector<ListenerId> listeners;  // of these, in the same order
  std::vector<proto::SocketView> sockets;
  std::string stdout_path;  // empty: the master's
  std::string stderr_path;
};

using ServicePlans = std::map<core::PlanVersion, ServicePlan>;

// A service as it begins: how it is supervised, and what its processes are made of.
struct PlannedService {
  core::ServicePolicy policy;
  ServicePlan plan;
};

core::ServicePolicy MakePolicy(const config::ServiceConfig& service);

platform::Identity ToPlatform(const config::Identity& identity);

// The variables of `environment` that workers get from the master's own environment: those that say who and
// where one is, and no others. (A worker that needs more has it in `environ`: what a shell happened to hold
// when the master was started is neither repeatable nor always harmless.)
Environment InheritedEnvironment(char** environment);

// The variables that say who one is, as they are for `identity`; those that it does not know stay.
void SetIdentityVariables(const config::Identity& identity, Environment* environment);

// `open_files`: the limit that workers get.
ServicePlan MakeServicePlan(const config::ServiceConfig& service, const std::vector<SharedSocket>& sockets,
                            const Environment& inherited, const rlimit& open_files);

// The specification for the worker with this index, from 0. `lane`: tells it from other living processes of
// the same index.
platform::LaunchSpec LaunchSpecFor(const ServicePlan& plan, uint32_t index, uint32_t lane);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_WORKERS_SERVICE_PLAN_H_
