#ifndef FECTL_CLIENT_TESTING_CAPTURED_RUN_H_
#define FECTL_CLIENT_TESTING_CAPTURED_RUN_H_

#include <string>
#include <vector>

#include "client/run.h"

namespace fectl::client {

// What one run of the program gave.
struct Captured {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// Runs the program in this process.
Captured RunCaptured(const std::vector<std::string>& args, const Surroundings& surroundings = {});

}  // namespace fectl::client

#endif  // FECTL_CLIENT_TESTING_CAPTURED_RUN_H_
