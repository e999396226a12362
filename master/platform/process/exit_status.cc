#include "master/platform/process/exit_status.h"

#include "proto_spec/base/signal_name.h"

namespace fectl::platform {

std::string ExitStatus::ToString() const {
  switch (kind) {
    case Kind::kExited:
      return "exited with code " + std::to_string(code);
    case Kind::kSignaled:
      return "killed by " + base::SignalName(code) + (core_dumped ? " (core dumped)" : "");
    case Kind::kUnknown:
      return "ended in an unknown way";
  }
  return "";
}

}  // namespace fectl::platform
