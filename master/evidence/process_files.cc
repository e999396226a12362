#include "master/evidence/process_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace fectl::evidence {
namespace {

constexpr size_t kFileBytesMax = 16 * 1024;

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.pop_back();
  return text;
}

// The names in a folder that are numbers, in their order. An error where it cannot be read.
absl::StatusOr<std::vector<int>> Numbers(int folder, const char* name) {
  const int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, name);
  std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(fd), closedir);
  std::vector<int> numbers;
  while (const dirent* entry = readdir(entries.get())) {
    int number = 0;
    if (absl::SimpleAtoi(entry->d_name, &number)) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// What stands behind the name in brackets, from the state on.
std::vector<std::string> StatFields(const std::string& stat) {
  const size_t bracket = stat.rfind(')');
  if (bracket == std::string::npos) return {};
  return absl::StrSplit(stat.substr(bracket + 1), ' ', absl::SkipEmpty());
}

}  // namespace

absl::StatusOr<ProcessFiles> ProcessFiles::Open(pid_t pid) {
  const std::string path = absl::StrCat("/proc/", pid);
  base::UniqueFd folder(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return absl::ErrnoToStatus(errno, path);
  return ProcessFiles(std::move(folder));
}

std::optional<std::string> ProcessFiles::Read(const std::string& name) const {
  const base::UniqueFd file(openat(folder_.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return std::nullopt;
  std::string text(kFileBytesMax, '\0');
  size_t count = 0;
  while (count < text.size()) {
    const ssize_t got = read(file.get(), text.data() + count, text.size() - count);
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    count += static_cast<size_t>(got);
  }
  text.resize(count);
  return text;
}

std::vector<Thread> ProcessFiles::Threads(size_t* more) const {
  std::vector<Thread> threads;
  *more = 0;
  const auto ids = Numbers(folder_.get(), "task");
  if (!ids.ok()) return threads;
  for (const int id : *ids) {
    if (threads.size() == kThreadsMax) {
      ++*more;
      continue;
    }
    const std::string task = absl::StrCat("task/", id, "/");
    const auto stat = Read(task + "stat");
    if (!stat.has_value()) continue;
    const std::vector<std::string> fields = StatFields(*stat);
    Thread thread;
    thread.id = id;
    thread.name = Trimmed(Read(task + "comm").value_or(""));
    if (!fields.empty()) thread.state = fields[0][0];
    thread.waits_in = Trimmed(Read(task + "wchan").value_or(""));
    if (thread.waits_in == "0") thread.waits_in.clear();
    thread.system_call = Trimmed(Read(task + "syscall").value_or(""));
    threads.push_back(std::move(thread));
  }
  return threads;
}

std::optional<uint64_t> ProcessFiles::ProcessorTicks(int32_t thread) const {
  constexpr size_t kUser = 11;  // behind the state, which is the first one
  const auto stat = Read(absl::StrCat("task/", thread, "/stat"));
  if (!stat.has_value()) return std::nullopt;
  const std::vector<std::string> fields = StatFields(*stat);
  uint64_t user = 0;
  uint64_t system = 0;
  if (fields.size() <= kUser + 1 || !absl::SimpleAtoi(fields[kUser], &user) ||
      !absl::SimpleAtoi(fields[kUser + 1], &system))
    return std::nullopt;
  return user + system;
}

absl::StatusOr<std::vector<std::pair<int, std::string>>> ProcessFiles::Descriptors() const {
  const auto numbers = Numbers(folder_.get(), "fd");
  if (!numbers.ok()) return numbers.status();
  std::vector<std::pair<int, std::string>> descriptors;
  for (const int number : *numbers) {
    if (descriptors.size() == kDescriptorsMax) break;
    std::array<char, PATH_MAX> target = {};
    const std::string name = absl::StrCat("fd/", number);
    const ssize_t length = readlinkat(folder_.get(), name.c_str(), target.data(), target.size());
    if (length < 0) {
      if (errno == EACCES) return absl::ErrnoToStatus(errno, "fd");
      continue;
    }
    descriptors.emplace_back(number, std::string(target.data(), static_cast<size_t>(length)));
  }
  return descriptors;
}

std::vector<std::pair<std::string, std::string>> ProcessFiles::Memory() const {
  std::vector<std::pair<std::string, std::string>> memory;
  for (const std::string_view wanted :
       {"VmPeak", "VmSize", "VmHWM", "VmRSS", "VmSwap", "Threads", "FDSize"}) {
    for (const absl::string_view line : absl::StrSplit(Read("status").value_or(""), '\n')) {
      const absl::string_view name(wanted.data(), wanted.size());
      if (!absl::StartsWith(line, absl::StrCat(name, ":"))) continue;
      memory.emplace_back(std::string(wanted),
                          std::string(absl::StripAsciiWhitespace(line.substr(name.size() + 1))));
    }
  }
  return memory;
}

bool ProcessFiles::Catches(int signal) const {
  for (const absl::string_view line : absl::StrSplit(Read("status").value_or(""), '\n')) {
    absl::string_view mask = line;
    uint64_t signals = 0;
    if (absl::ConsumePrefix(&mask, "SigCgt:"))
      return absl::SimpleHexAtoi(absl::StripAsciiWhitespace(mask), &signals) &&
             (signals >> (signal - 1) & 1) != 0;
  }
  return false;
}

base::UniqueFd ProcessFiles::OpenDescriptor(int number) const {
  return base::UniqueFd(openat(folder_.get(), absl::StrCat("fd/", number).c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace fectl::evidence
