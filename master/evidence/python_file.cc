#include "master/evidence/python_file.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace fectl::evidence {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kName = "/memfd:fectl-evidence";
// Where what is in the file.
constexpr size_t kToldAt = size_t{8} << 10;
constexpr size_t kDumpAt = size_t{136} << 10;
constexpr size_t kFileBytes = size_t{256} << 10;

// Up to the first zero byte.
std::string ReadText(int fd, size_t begin, size_t end) {
  std::string text(end - begin, '\0');
  const ssize_t got = pread(fd, text.data(), text.size(), static_cast<off_t>(begin));
  text.resize(got > 0 ? static_cast<size_t>(got) : 0);
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

}  // namespace

std::optional<PythonFile> PythonFile::Find(pid_t pid, const ProcessFiles& files,
                                           const std::vector<std::pair<int, std::string>>& descriptors) {
  for (const auto& [number, target] : descriptors) {
    if (!target.starts_with(kName)) continue;
    base::UniqueFd file = files.OpenDescriptor(number);
    if (!file.valid()) continue;
    std::optional<PythonHead> head = ReadHead(ReadText(file.get(), 0, kToldAt));
    // Under another number it is not where the process writes: something there has moved its descriptors.
    if (head.has_value() && head->fd == number)
      return PythonFile(pid, &files, std::move(file), *std::move(head));
  }
  return std::nullopt;
}

bool PythonFile::Ask(int signal) const {
  return signal >= SIGRTMIN && signal <= SIGRTMAX && files_->Catches(signal) && kill(pid_, signal) == 0;
}

std::vector<PythonStack> PythonFile::Told() const {
  const std::string text = ReadText(file_.get(), kToldAt, kDumpAt);
  const size_t end = text.find('\n');  // JSON has none of its own
  if (end == std::string::npos) return {};
  return ReadTold(head_, std::string_view(text).substr(0, end));
}

std::vector<PythonStack> PythonFile::AskToTell(Deadline deadline) const {
  if (!Ask(head_.tell_signal)) return {};
  std::vector<PythonStack> stacks = Told();
  while (stacks.empty() && Clock::now() < deadline) {
    poll(nullptr, 0, 2);
    stacks = Told();
  }
  return stacks;
}

std::vector<PythonStack> PythonFile::AskToDump(Deadline deadline) const {
  if (std::vector<PythonStack> told = Told(); !told.empty() || !Ask(head_.dump_signal)) return told;
  // It is written in many small pieces and has no end of its own: it is complete when nothing more comes.
  constexpr int kQuietLooks = 10;
  std::string text;
  for (int quiet = 0; quiet < kQuietLooks && Clock::now() < deadline;) {
    poll(nullptr, 0, 5);
    std::string now = ReadText(file_.get(), kDumpAt, kFileBytes);
    quiet = now.empty() || now.size() != text.size() ? 0 : quiet + 1;
    text = std::move(now);
  }
  std::vector<PythonStack> told = Told();
  return told.empty() ? ReadDump(head_, text) : told;
}

}  // namespace fectl::evidence
