#ifndef FECTL_MASTER_EVIDENCE_PROCESS_FILES_H_
#define FECTL_MASTER_EVIDENCE_PROCESS_FILES_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "master/evidence/findings.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::evidence {

// One process as /proc shows it. The folder is held open: when the process has ended everything fails, also
// where its number has become another's.
class ProcessFiles {
 public:
  static absl::StatusOr<ProcessFiles> Open(pid_t pid);

  // Without stacks. At most kThreadsMax of them; `more` is how many were left out.
  std::vector<Thread> Threads(size_t* more) const;
  // In clock ticks. nullopt: the thread has ended.
  std::optional<uint64_t> ProcessorTicks(int32_t thread) const;
  // At most kDescriptorsMax. An error where they may not be seen.
  absl::StatusOr<std::vector<std::pair<int, std::string>>> Descriptors() const;
  std::vector<std::pair<std::string, std::string>> Memory() const;
  // Whether the process has a handler for this signal.
  bool Catches(int signal) const;
  // One of its descriptors, opened anew for reading. -1: it may not be, or the process has ended.
  base::UniqueFd OpenDescriptor(int number) const;

  static constexpr size_t kThreadsMax = 100;
  static constexpr size_t kDescriptorsMax = 256;

 private:
  explicit ProcessFiles(base::UniqueFd folder) : folder_(std::move(folder)) {}
  std::optional<std::string> Read(const std::string& name) const;

  base::UniqueFd folder_;
};

}  // namespace fectl::evidence

#endif  // FECTL_MASTER_EVIDENCE_PROCESS_FILES_H_
