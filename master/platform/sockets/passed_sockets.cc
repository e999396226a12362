#include "master/platform/sockets/passed_sockets.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace fectl::platform {
namespace {

constexpr char kPid[] = "LISTEN_PID";
constexpr char kCount[] = "LISTEN_FDS";
constexpr char kNames[] = "LISTEN_FDNAMES";
constexpr int kFirst = 3;
constexpr int kCountMax = 4096;  // more than any unit has, and far from what could wrap around

std::string Variable(const char* name) {
  const char* const value = secure_getenv(name);
  return value == nullptr ? "" : value;
}

// 0: there are none, or they are for another process.
int CountForUs() {
  int pid = 0;
  int count = 0;
  if (!absl::SimpleAtoi(Variable(kPid), &pid) || pid != getpid()) return 0;
  if (!absl::SimpleAtoi(Variable(kCount), &count) || count < 0 || count > kCountMax) return 0;
  return count;
}

}  // namespace

PassedSockets PassedSockets::FromEnvironment() {
  PassedSockets passed;
  const int count = CountForUs();
  const std::vector<std::string> names = absl::StrSplit(Variable(kNames), ':');
  for (int i = 0; i < count; ++i) {
    const int fd = kFirst + i;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) continue;  // closed by whoever was in between
    const bool named = names.size() == static_cast<size_t>(count);
    passed.sockets_.emplace_back(named ? names[static_cast<size_t>(i)] : "unknown", base::UniqueFd(fd));
  }
  for (const char* const name : {kPid, kCount, kNames}) unsetenv(name);
  return passed;
}

std::vector<base::UniqueFd> PassedSockets::CopiesOf(const std::string& name) const {
  std::vector<base::UniqueFd> copies;
  for (const auto& [its_name, fd] : sockets_) {
    if (its_name != name) continue;
    base::UniqueFd copy(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
    if (copy.valid()) copies.push_back(std::move(copy));
  }
  return copies;
}

std::string PassedSockets::WhyNone(const std::string& name) const {
  std::set<std::string> others;
  for (const auto& socket : sockets_) others.insert(absl::StrCat("\"", socket.first, "\""));
  return absl::StrCat("systemd has passed no socket named \"", name, "\", ",
                      others.empty()
                          ? "and no other (is fectld started by a .socket unit?)"
                          : absl::StrCat("only ", absl::StrJoin(others, ", "),
                                         " (FileDescriptorName= of the .socket unit is the name)"));
}

std::vector<int> PassedSockets::numbers() const {
  std::vector<int> numbers;
  for (const auto& socket : sockets_) numbers.push_back(socket.second.get());
  return numbers;
}

}  // namespace fectl::platform
