// Limits out of a socket's `arguments`: ["keepalive=30", "header_timeout=10"], in seconds.
#ifndef FECTL_WORKER_SDK_DRAIN_LIMITS_H_
#define FECTL_WORKER_SDK_DRAIN_LIMITS_H_

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "worker_sdk/drain/lifetime.h"

namespace fectl::drain {

// InvalidArgument: an argument that is none of the limits, or no number of seconds; the text names it.
inline absl::StatusOr<Limits> ReadLimits(const std::vector<std::string>& arguments) {
  Limits limits;
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    int64_t* limit = name == "keepalive"         ? &limits.keepalive_ms
                     : name == "header_timeout"  ? &limits.header_timeout_ms
                     : name == "request_timeout" ? &limits.request_timeout_ms
                     : name == "linger"          ? &limits.linger_ms
                                                 : nullptr;
    if (limit == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "arguments: \"", name,
          "\" is not an argument; allowed are header_timeout, keepalive, linger, request_timeout"));
    }
    double seconds = 0;
    const bool number =
        equals != std::string::npos && absl::SimpleAtod(argument.substr(equals + 1), &seconds);
    constexpr double kSecondsMax = 1e9;
    if (!number || !(seconds >= 0 && seconds <= kSecondsMax)) {
      return absl::InvalidArgumentError(
          absl::StrCat("arguments: ", argument, ": write a number of seconds, 0 or more, as ", name, "=30"));
    }
    *limit = std::llround(seconds * 1000);
  }
  return limits;
}

}  // namespace fectl::drain

#endif  // FECTL_WORKER_SDK_DRAIN_LIMITS_H_
