// forbid CALL=ERRNO... -- PROGRAM ARGUMENT...: executes the program in a world in which these system calls
// fail with these errors, as under an old kernel or in a container. It stays so for the program and for all
// that it starts.

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "master/platform/testing/test_syscall_filter.h"

namespace {

constexpr uint32_t kClonePidfd = 0x1000;

const std::map<std::string, fectl::platform::FilteredCall> kCalls = {
    {"accept4", {SYS_accept4}},
    {"clone", {SYS_clone}},
    {"clone_with_pidfd", {SYS_clone, 0, kClonePidfd}},
    {"clone3", {SYS_clone3}},
    {"close_range", {SYS_close_range}},
    {"epoll_create1", {SYS_epoll_create1}},
    {"epoll_pwait2", {SYS_epoll_pwait2}},
    {"inotify_add_watch", {SYS_inotify_add_watch}},
    {"inotify_init1", {SYS_inotify_init1}},
    {"memfd_create", {SYS_memfd_create}},
    {"pidfd_open", {SYS_pidfd_open}},
    {"pidfd_send_signal", {SYS_pidfd_send_signal}},
    {"pipe2", {SYS_pipe2}},
    {"prctl", {SYS_prctl}},
    {"ptrace", {SYS_ptrace}},
    {"renameat2", {SYS_renameat2}},
    {"setns", {SYS_setns}},
    {"signalfd4", {SYS_signalfd4}},
};

const std::map<std::string, int> kErrors = {
    {"EAGAIN", EAGAIN}, {"EINVAL", EINVAL}, {"EMFILE", EMFILE}, {"ENFILE", ENFILE},
    {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC}, {"ENOSYS", ENOSYS}, {"EPERM", EPERM},
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<fectl::platform::FilteredCall> calls;
  int at = 1;
  for (; at < argc && std::string(argv[at]) != "--"; ++at) {
    const std::string word = argv[at];
    const size_t equals = word.find('=');
    const auto call = kCalls.find(word.substr(0, equals));
    const auto error = equals == std::string::npos ? kErrors.end() : kErrors.find(word.substr(equals + 1));
    if (call == kCalls.end() || error == kErrors.end()) {
      fprintf(stderr, "forbid: no such call or error: %s\n", word.c_str());
      return 64;
    }
    calls.push_back(call->second);
    calls.back().error = error->second;
  }
  if (at + 1 >= argc) {
    fprintf(stderr, "usage: forbid CALL=ERRNO... -- PROGRAM ARGUMENT...\n");
    return 64;
  }
  if (!fectl::platform::InstallFilter(calls)) {
    perror("forbid: seccomp");
    return 65;
  }
  execv(argv[at + 1], argv + at + 1);
  perror(argv[at + 1]);
  return 66;
}
