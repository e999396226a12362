#ifndef FECTL_CLIENT_SESSION_BASE_VIEW_H_
#define FECTL_CLIENT_SESSION_BASE_VIEW_H_

#include <cstdint>
#include <string>

#include "proto_spec/base_status.h"
#include "proto_spec/control_status.h"

namespace fectl::client {

// What a master of the base level does not tell.
inline constexpr int64_t kUnknownCount = -1;

// The view of a service as far as the events of the base level tell it. `restarts` are kUnknownCount, sockets
// are unknown and empty. `now`: unix seconds, for the uptimes.
proto::ServiceView ViewOfBaseStatus(const std::string& name, const proto::BaseServiceStatus& status,
                                    int64_t now);

// The newest event of any worker that tells of a failure, in words: "worker(1): exit code 3"; "" if none
// does.
std::string LastFailure(const proto::BaseServiceStatus& status);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SESSION_BASE_VIEW_H_
