#ifndef MASTER_PLATFORM_CREDENTIALS_TEST_RIGHTS_H_
#define MASTER_PLATFORM_CREDENTIALS_TEST_RIGHTS_H_

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "master/platform/credentials/capabilities.h"
#include "proto_spec/base/unique_fd.h"

// Processes with unusual rights, for tests; each function is called in a process of its own.
namespace fectl::platform {

// From root: the user and group `id`, which has these capabilities in every set, the ambient one included.
inline bool BecomeOrdinaryWith(uid_t id, CapabilitySet set) {
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return false;
  if (setgroups(0, nullptr) != 0 || setresgid(id, id, id) != 0 || setresuid(id, id, id) != 0) return false;
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const auto low = static_cast<uint32_t>(set);
  const auto high = static_cast<uint32_t>(set >> 32);
  const __user_cap_data_struct data[2] = {{low, low, low}, {high, high, high}};
  if (syscall(SYS_capset, &header, data) != 0) return false;
  for (int number = 0; number <= CAP_LAST_CAP; ++number) {
    if ((set & SetOf(number)) != 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0)
      return false;
  }
  return true;
}

inline bool WriteProc(const char* path, const std::string& text) {
  const base::UniqueFd file(open(path, O_WRONLY | O_CLOEXEC));
  return write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// `setgroups_allowed`: "allow" or "deny"; without root's rights always "deny". False where the system does
// not let this user have one. From root: with a group that the namespace does not know.
inline bool BecomeRootOfUserNamespace(const std::string& setgroups_allowed) {
  const std::string uid = std::to_string(geteuid());
  const std::string gid = std::to_string(getegid());
  const bool deny = setgroups_allowed == "deny" || geteuid() != 0;
  const gid_t groups[] = {getegid(), 7};
  if (geteuid() == 0 && setgroups(2, groups) != 0) return false;
  int unshared[2];
  if (pipe2(unshared, O_CLOEXEC) != 0) return false;
  const std::string process = "/proc/" + std::to_string(getpid());
  // Who leaves setgroups() allowed needs rights outside, which this process has no more behind unshare().
  const pid_t outside = fork();
  if (outside == 0) {
    close(unshared[1]);
    char byte = 0;
    if (read(unshared[0], &byte, 1) != 1) _exit(1);
    const bool denied = !deny || WriteProc((process + "/setgroups").c_str(), "deny");
    _exit(denied && WriteProc((process + "/uid_map").c_str(), "0 " + uid + " 1") &&
                  WriteProc((process + "/gid_map").c_str(), "0 " + gid + " 1")
              ? 0
              : 1);
  }
  close(unshared[0]);
  const bool is_there = outside > 0 && unshare(CLONE_NEWUSER) == 0 && write(unshared[1], "x", 1) == 1;
  close(unshared[1]);
  int status = 0;
  return waitpid(outside, &status, 0) == outside && is_there && status == 0;
}

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CREDENTIALS_TEST_RIGHTS_H_
