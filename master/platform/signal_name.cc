#include "master/platform/signal_name.h"

#include <cstring>

namespace fectl::platform {

std::string SignalName(int number) {
  const char* abbreviation = sigabbrev_np(number);
  if (abbreviation != nullptr) return std::string("SIG") + abbreviation;
  return "signal " + std::to_string(number);
}

}  // namespace fectl::platform
