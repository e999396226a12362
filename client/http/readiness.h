// Whether the services serve, for those who send them requests. Pure.
#ifndef FECTL_CLIENT_HTTP_READINESS_H_
#define FECTL_CLIENT_HTTP_READINESS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto_spec/control_status.h"

namespace fectl::http {

// How many of a service's workers may be missing.
struct Missing {
  int number = 0;
  bool is_percent = false;

  friend bool operator==(const Missing&, const Missing&) = default;
};
// "2" or "25%". InvalidArgument: a sentence that names what was given.
absl::StatusOr<Missing> ParseMissing(std::string_view text);

struct ReadinessRule {
  std::vector<std::string> essential{};  // services; empty: all but oneshots and those that are stopped
  Missing missing{};
};

// An answer to a probe.
struct Readiness {
  bool known = true;  // false: there is no such service
  bool ready = false;
  std::string json{};  // {"ready":false,"reasons":[...]}
};

// `only`: that service alone; empty: as the rule says.
Readiness ReadinessOf(const proto::MasterView& view, const ReadinessRule& rule, std::string_view only);

// The answer where nothing is known, and why.
Readiness NotReady(std::string_view reason);

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_READINESS_H_
