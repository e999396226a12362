#ifndef FECTL_MASTER_EVIDENCE_PYTHON_FILE_H_
#define FECTL_MASTER_EVIDENCE_PYTHON_FILE_H_

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "master/evidence/findings.h"
#include "master/evidence/process_files.h"
#include "master/evidence/python_stacks.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::evidence {

// The file without a name into which a Python worker writes what it does when it is asked to (its form is in
// proto_spec/worker_protocol.md). Only what has a handler for the signal is asked: it would end others.
class PythonFile {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // Finds it among the worker's descriptors. nullopt: the worker has none, or it may not be opened. `files`
  // outlives it.
  static std::optional<PythonFile> Find(pid_t pid, const ProcessFiles& files,
                                        const std::vector<std::pair<int, std::string>>& descriptors);

  // What Python itself says. Empty: nothing until then.
  std::vector<PythonStack> AskToTell(Deadline deadline) const;
  // What was said since then, or else what faulthandler can say while C code keeps the interpreter. Asked
  // last, since faulthandler may crash.
  std::vector<PythonStack> AskToDump(Deadline deadline) const;

 private:
  PythonFile(pid_t pid, const ProcessFiles* files, base::UniqueFd file, PythonHead head)
      : pid_(pid), files_(files), file_(std::move(file)), head_(std::move(head)) {}
  bool Ask(int signal) const;
  std::vector<PythonStack> Told() const;

  pid_t pid_;
  const ProcessFiles* files_;
  base::UniqueFd file_;
  PythonHead head_;
};

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_PYTHON_FILE_H_
