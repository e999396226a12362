#ifndef MASTER_CORE_SIGNAL_NAMES_H_
#define MASTER_CORE_SIGNAL_NAMES_H_

#include <string>

namespace fectl::core {

// "SIGTERM" for 15; "signal 42" where the number has no name on Linux.
std::string SignalName(int number);

}  // namespace fectl::core

#endif  // MASTER_CORE_SIGNAL_NAMES_H_
