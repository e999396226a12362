#ifndef MASTER_PLATFORM_SIGNAL_NAME_H_
#define MASTER_PLATFORM_SIGNAL_NAME_H_

#include <string>

namespace fectl::platform {

// "SIGTERM"; "signal 40" for one without a name.
std::string SignalName(int number);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_SIGNAL_NAME_H_
