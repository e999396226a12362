#include <iostream>
#include <string>
#include <vector>

#include "master/runtime/command_line.h"
#include "master/runtime/startup.h"

int main(int argc, char** argv) {
  const auto line = fectl::runtime::ParseCommandLine(std::vector<std::string>(argv + 1, argv + argc));
  if (!line.ok()) {
    std::cerr << "fectld: " << line.status().message() << '\n';
    return fectl::runtime::kExitUsage;
  }
  return fectl::runtime::Main(*line);
}
