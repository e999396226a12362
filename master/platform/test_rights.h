#ifndef MASTER_PLATFORM_TEST_RIGHTS_H_
#define MASTER_PLATFORM_TEST_RIGHTS_H_

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "master/platform/capabilities.h"
#include "master/platform/unique_fd.h"

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
  const UniqueFd file(open(path, O_WRONLY | O_CLOEXEC));
  return write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// `setgroups`: "allow" or "deny". False where the system does not let this user have one.
inline bool BecomeRootOfUserNamespace(const std::string& setgroups) {
  const std::string uid = std::to_string(geteuid());
  const std::string gid = std::to_string(getegid());
  const bool root = geteuid() == 0;
  if (unshare(CLONE_NEWUSER) != 0) return false;
  // Only who is root outside may leave it allowed.
  if ((setgroups == "deny" || !root) && !WriteProc("/proc/self/setgroups", "deny")) return false;
  return WriteProc("/proc/self/uid_map", "0 " + uid + " 1") &&
         WriteProc("/proc/self/gid_map", "0 " + gid + " 1");
}

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_TEST_RIGHTS_H_
