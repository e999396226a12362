#ifndef FECTL_CLIENT_LIVE_RUN_WAIT_H_
#define FECTL_CLIENT_LIVE_RUN_WAIT_H_

#include <string>

#include "client/command_line/awaited.h"
#include "client/context.h"
#include "proto_spec/control_status.h"

namespace fectl::client {

// What the state of a service means for who waits.
struct Verdict {
  enum class Kind { kNotYet, kReached, kHopeless };
  Kind kind = Kind::kNotYet;
  std::string words{};  // why it will never be reached without somebody's help
};
Verdict Judge(const Awaited& awaited, const proto::MasterView& master, const proto::ServiceView& service);

// `fectl wait`. Gives the exit code.
int RunWait(const Context& context);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_LIVE_RUN_WAIT_H_
