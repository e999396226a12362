#include "master/platform/testing/test_syscall_filter.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <iterator>

namespace fectl::platform {

bool InstallFilter(const std::vector<FilteredCall>& calls) {
  std::vector<sock_filter> program;
  // The low half of the first argument, on little-endian machines.
  constexpr uint32_t kFirstArgument = offsetof(seccomp_data, args);
  for (const FilteredCall& call : calls) {
    const uint32_t fail = SECCOMP_RET_ERRNO | static_cast<uint32_t>(call.error);
    program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    if (call.first_argument_bits == 0) {
      program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call.number), 0, 1));
    } else {
      program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call.number), 0, 3));
      program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFirstArgument));
      program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, call.first_argument_bits, 0, 1));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, fail));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

base::UniqueFd InstallUnansweredFilter(int number) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog filter = {static_cast<unsigned short>(std::size(program)), program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return base::UniqueFd();
  return base::UniqueFd(static_cast<int>(
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter)));
}

}  // namespace fectl::platform
