#ifndef FECTL_MASTER_EVIDENCE_PYTHON_STACKS_H_
#define FECTL_MASTER_EVIDENCE_PYTHON_STACKS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "master/evidence/findings.h"

namespace fectl::evidence {

// The texts are of a process that hangs and may be hostile: what cannot be understood is left out. Pure.

// How a Python worker that takes part can be asked, and what tells its own code from that of others
// (proto_spec/worker_protocol.md).
struct PythonHead {
  int fd = -1;          // its own number of the file
  int tell_signal = 0;  // makes it write what all threads and tasks do; 0: it cannot be asked
  int dump_signal = 0;  // makes faulthandler write what threads do; 0: likewise
  uint64_t thread = 0;  // which sends its heartbeats, as pthread_self() has it
  std::string main{};   // the file of its program
  std::vector<std::string> path{};
  std::vector<std::string> library{};       // folders
  std::vector<std::string> applications{};  // packages that are its own wherever they are
};

// nullopt: it is no such text.
std::optional<PythonHead> ReadHead(std::string_view json);

// What Python says itself: {"stacks":[{"kind","name","id","serves","idle","awaits","frames":[[module,
// function, file, line], ...]}, ...]}.
std::vector<PythonStack> ReadTold(const PythonHead& head, std::string_view json);

// What faulthandler writes: of functions neither the module, which is made of the file here, nor the class.
std::vector<PythonStack> ReadDump(const PythonHead& head, std::string_view text);

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_PYTHON_STACKS_H_
