#include "master/platform/credentials/capabilities.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>

namespace fectl::platform {
namespace {

constexpr std::string_view kNames[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};
static_assert(std::size(kNames) == CAP_CHECKPOINT_RESTORE + 1);

CapabilitySet Join(uint32_t low, uint32_t high) {
  return low | CapabilitySet{high} << 32;
}

}  // namespace

std::span<const std::string_view> CapabilityNames() {
  return kNames;
}

std::string NamesOf(CapabilitySet set) {
  std::string names;
  for (size_t number = 0; number < std::size(kNames); ++number) {
    if ((set & SetOf(static_cast<int>(number))) == 0) continue;
    names += names.empty() ? "" : ", ";
    names += kNames[number];
  }
  return names;
}

HeldCapabilities GetHeldCapabilities() {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2] = {};
  // Fails where a sandbox forbids it; what cannot be seen is then given up when it has to be, or that fails.
  if (syscall(SYS_capget, &header, data) != 0) return {};
  return {.effective = Join(data[0].effective, data[1].effective),
          .permitted = Join(data[0].permitted, data[1].permitted),
          .inheritable = Join(data[0].inheritable, data[1].inheritable)};
}

absl::Status DropCapabilities() {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const __user_cap_data_struct none[2] = {};
  // The kernel takes out of the ambient set whatever is not both permitted and inheritable.
  if (syscall(SYS_capset, &header, none) != 0) return absl::ErrnoToStatus(errno, "cannot drop capabilities");
  return absl::OkStatus();
}

}  // namespace fectl::platform
