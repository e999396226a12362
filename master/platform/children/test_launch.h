#ifndef MASTER_PLATFORM_CHILDREN_TEST_LAUNCH_H_
#define MASTER_PLATFORM_CHILDREN_TEST_LAUNCH_H_

#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "master/platform/children/children_wait.h"
#include "master/platform/children/launcher.h"
#include "proto_spec/base/unique_fd.h"

// What the launcher's tests share.
namespace fectl::platform {

inline std::string GuestPath() {
  return std::filesystem::current_path() / "master/platform/children/test_guest";
}

inline base::UniqueFd NewFile() {
  return base::UniqueFd(memfd_create("test", MFD_CLOEXEC));
}

inline std::string Content(int fd) {
  std::string content;
  std::array<char, 4096> part;
  for (ssize_t bytes; (bytes = pread(fd, part.data(), part.size(), content.size())) > 0;) {
    content.append(part.data(), bytes);
  }
  return content;
}

inline std::string InodeOf(int fd) {
  struct stat file = {};
  fstat(fd, &file);
  return std::to_string(file.st_ino);
}

inline int CountOpen() {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

// Nothing waits to be reaped.
inline bool NoChildren() {
  siginfo_t info = {};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1 && errno == ECHILD;
}

// Waits until the process has come to its program. What failed, also on a machine so busy that the launcher
// did not wait for it; then the process is reaped. nullopt: it runs its program.
inline std::optional<LaunchError> FailureOf(const LaunchOutcome& outcome) {
  if (const auto* error = std::get_if<LaunchError>(&outcome)) return *error;
  const auto& result = std::get<LaunchResult>(outcome);
  while (result.in_flight.pending()) sched_yield();
  if (!result.in_flight.Failure({}).has_value()) return std::nullopt;
  return result.in_flight.Failure(Reap(result.pid));
}

// Waits for the end of a started process, reaps it and says how it ended.
inline std::string End(const LaunchOutcome& outcome) {
  if (const auto error = FailureOf(outcome); error.has_value()) return error->ToString();
  const pid_t pid = std::get<LaunchResult>(outcome).pid;
  // Blocks without reaping; the test's own time limit is the deadline.
  siginfo_t info = {};
  waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  std::string words = LookAt(pid)->status.ToString();
  Reap(pid);
  return words;
}

inline LaunchSpec Guest() {
  return {.executable = GuestPath(), .argv = {"guest"}};
}
inline LaunchSpec Shell(const std::string& script) {
  return {.executable = "/bin/sh", .argv = {"sh", "-c", script}, .environment = {"PATH=/usr/bin:/bin"}};
}

// Runs it to its end and returns what it printed; anything but a clean end is in the text too.
inline std::string Report(const LaunchSpec& spec, LaunchDescriptors descriptors = {}) {
  const base::UniqueFd output = NewFile();
  descriptors.stdout_fd = output.get();
  const std::string end = End(PreparedLaunch(spec).Launch(descriptors));
  return Content(output.get()) + (end == "exited with code 0" ? "" : end);
}

inline std::string ErrorOf(const LaunchSpec& spec) {
  const LaunchOutcome outcome = PreparedLaunch(spec).Launch({});
  if (const auto error = FailureOf(outcome); error.has_value()) return error->ToString();
  return "started, and " + End(outcome);
}

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CHILDREN_TEST_LAUNCH_H_
