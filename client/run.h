#ifndef FECTL_CLIENT_RUN_H_
#define FECTL_CLIENT_RUN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "client/session/connect.h"
#include "client/text/output.h"

namespace fectl::client {

// What the program finds around it.
struct Surroundings {
  std::string socket_variable = "";   // $FECTL_SOCK
  std::string caller_directory = "";  // $BUILD_WORKING_DIRECTORY
  std::string program = "";           // the path of this program
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colours_allowed = true;  // no $NO_COLOR, no dumb terminal
  int64_t silence_ms = kSilenceMs;
};

// The whole program: `args` without the program's name. Gives the exit code (exit_code.h).
int Run(const std::vector<std::string>& args, const Surroundings& surroundings, Output& output);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_RUN_H_
