#ifndef FECTL_TOOLS_FUZZ_REFUSED_H_
#define FECTL_TOOLS_FUZZ_REFUSED_H_

#include <string>

#include "absl/status/status.h"
#include "tools/fuzz/require.h"

namespace fectl::fuzz {

// What the protocol library says of a payload that is no message: that it is bad, or that its word is
// unknown.
inline void RequireRefused(const absl::Status& status) {
  const bool refused = status.code() == absl::StatusCode::kInvalidArgument ||
                       status.code() == absl::StatusCode::kUnimplemented;
  Require(refused, "what is no message is bad or unknown", std::string(status.message()));
  RequireOneLine(std::string(status.message()));
}

}  // namespace fectl::fuzz

#endif  // FECTL_TOOLS_FUZZ_REFUSED_H_
