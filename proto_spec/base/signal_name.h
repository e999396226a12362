#ifndef FECTL_PROTO_SPEC_BASE_SIGNAL_NAME_H_
#define FECTL_PROTO_SPEC_BASE_SIGNAL_NAME_H_

#include <string>

namespace fectl::base {

// "SIGTERM" for 15; "signal 42" where the number has no name on Linux.
std::string SignalName(int number);

}  // namespace fectl::base

#endif  // FECTL_PROTO_SPEC_BASE_SIGNAL_NAME_H_
