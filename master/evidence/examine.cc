#include "master/evidence/examine.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "master/evidence/culprit.h"
#include "master/evidence/findings.h"
#include "master/evidence/gather.h"
#include "master/evidence/report.h"

namespace fectl::evidence {
namespace {

// What it reads is of a process that may be hostile, so it has no way to tell anybody but fectld.
void GiveUpTheNetwork() {
  std::array<sock_filter, 4> filter = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program = {.len = filter.size(), .filter = filter.data()};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

std::string ReadAll(int fd) {
  constexpr size_t kBytesMax = size_t{64} * 1024;
  std::string text(kBytesMax, '\0');
  size_t count = 0;
  while (count < text.size()) {
    const ssize_t got = read(fd, text.data() + count, text.size() - count);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    count += static_cast<size_t>(got);
  }
  text.resize(count);
  return text;
}

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

int Examine(int pid) {
  unsetenv("DEBUGINFOD_URLS");  // libdw would ask servers
  GiveUpTheNetwork();
  const std::string known = ReadAll(STDIN_FILENO);
  Findings findings = Gather(pid);
  const std::string where = WhereItHangs(findings);
  return WriteAll(STDOUT_FILENO, where + "\n" + Report(known, where, std::move(findings))) ? 0 : 1;
}

}  // namespace fectl::evidence
