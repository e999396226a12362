// fectl-evidence PID: looks into a worker that hangs. Started by fectld, as the worker's user, beside the worker's
// successor. Reads what fectld knows of the worker, a JSON object, from standard input; writes the culprit, a line,
// and the incident, a JSON object, to standard output. Descriptor 3, if it is open, is the worker's FECTL_EVIDENCE.

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "master/evidence/culprit.h"
#include "master/evidence/findings.h"
#include "master/evidence/gather.h"
#include "master/evidence/report.h"

namespace fectl::evidence {
namespace {

constexpr int kPageFd = 3;
constexpr int kUsage = 64;

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

int Run(int argc, char** argv) {
  int pid = 0;
  if (argc != 2 || !absl::SimpleAtoi(argv[1], &pid) || pid <= 1) {
    std::fprintf(stderr, "usage: fectl-evidence PID (fectld starts it)\n");
    return kUsage;
  }
  unsetenv("DEBUGINFOD_URLS");  // libdw would ask servers
  GiveUpTheNetwork();
  const std::string known = ReadAll(STDIN_FILENO);
  const Findings findings = Gather(pid, kPageFd);
  const std::string culprit = Culprit(findings);
  const int64_t unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count();
  return WriteAll(STDOUT_FILENO, culprit + "\n" + Report(unix_ms, known, culprit, findings)) ? 0 : 1;
}

}  // namespace
}  // namespace fectl::evidence

int main(int argc, char** argv) {
  return fectl::evidence::Run(argc, argv);
}
