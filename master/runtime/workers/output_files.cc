#include "master/runtime/workers/output_files.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/platform/files/output_file.h"

namespace fectl::runtime {

absl::StatusOr<int> OutputFiles::Open(const std::string& path) {
  if (path.empty()) return -1;
  if (const auto known = by_path_.find(path); known != by_path_.end()) return known->second.get();
  auto file = platform::OpenOutputFile(path);
  if (!file.ok()) return file.status();
  return by_path_.emplace(path, *std::move(file)).first->second.get();
}

absl::StatusOr<OutputFiles::Streams> OutputFiles::ForService(const ServicePlan& plan) {
  const auto stdout_fd = Open(plan.stdout_path);
  if (!stdout_fd.ok()) return stdout_fd.status();
  const auto stderr_fd = Open(plan.stderr_path);
  if (!stderr_fd.ok()) return stderr_fd.status();
  return Streams{*stdout_fd, *stderr_fd};
}

Reopened OutputFiles::ReopenAll() {
  Reopened reopened;
  for (auto& [path, fd] : by_path_) {
    auto file = platform::OpenOutputFile(path);
    reopened.Count(file.status());
    if (file.ok()) fd = *std::move(file);
  }
  return reopened;
}

}  // namespace fectl::runtime
