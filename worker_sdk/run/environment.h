// The variables of the program and of the commands that ask whether it is well.
#ifndef FECTL_WORKER_SDK_RUN_ENVIRONMENT_H_
#define FECTL_WORKER_SDK_RUN_ENVIRONMENT_H_

#include <cstdint>
#include <string>
#include <vector>

namespace fectl::run {

// `own` ("NAME=value") without what systemd, or another fectl-run, has said of sockets, notifications and
// watchdogs: that was meant for us.
std::vector<std::string> WithoutOthersWords(const std::vector<std::string>& own);

struct ProgramSurroundings {
  std::vector<std::string> socket_names = {};  // of the descriptors 3, 4, ...
  std::string notify_path = {};
  int64_t watchdog_ms = 0;  // 0: it need not say WATCHDOG=1
};

struct ProgramEnvironment {
  std::vector<std::string> variables;
  std::vector<std::string> pid_variables;  // the names of those that are to hold the program's own number
};

ProgramEnvironment MakeProgramEnvironment(const std::vector<std::string>& own,
                                          const ProgramSurroundings& surroundings);

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_ENVIRONMENT_H_
