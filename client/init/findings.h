#ifndef FECTL_CLIENT_INIT_FINDINGS_H_
#define FECTL_CLIENT_INIT_FINDINGS_H_

#include <string>
#include <vector>

namespace fectl::client {

// A name that looks like a Python application.
struct PythonFinding {
  std::string name{};       // "shop.main:app"
  std::string file{};       // "src/shop/main.py"
  std::string framework{};  // may be empty
  bool is_in_src = false;   // its module is found in the folder src
};

// An executable file.
struct ProgramFinding {
  std::string path{};      // "./build/web"
  bool is_worker = false;  // it has the worker SDK in it
};

// What there is in a folder; the likeliest first.
struct Findings {
  std::vector<PythonFinding> applications;
  std::vector<ProgramFinding> programs;
  std::vector<std::string> sockets;  // that C++ sources ask the SDK for
  std::string python;                // of a virtual environment, ".venv/bin/python3"; empty: there is none
};

// Whether the worker SDK is in this executable file.
bool IsWorkerProgram(const std::string& path);

// Looks through a folder ("": the current one) and a few below it. What cannot be read is not there.
Findings LookThrough(const std::string& folder);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_INIT_FINDINGS_H_
