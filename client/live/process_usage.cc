#include "client/live/process_usage.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>
#include <vector>

#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::optional<int64_t> Number(std::string_view word) {
  int64_t number = 0;
  const auto [read, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || read != word.data() + word.size() || number < 0) return std::nullopt;
  return number;
}

std::string Content(const std::string& path) {
  const base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char bytes[4096];
  const ssize_t got = file.valid() ? read(file.get(), bytes, sizeof bytes) : 0;
  return got > 0 ? std::string(bytes, static_cast<size_t>(got)) : "";
}

}  // namespace

std::optional<ProcessUsage> ReadUsage(std::string_view stat, std::string_view statm, int64_t page_bytes,
                                      int64_t ticks_per_second) {
  // The second word is the program's name in brackets, and may be anything: the last bracket ends it. Of the
  // words behind it these are the 14th, 15th and 22nd of proc(5), which counts from 1.
  constexpr size_t kUser = 14 - 3;
  constexpr size_t kSystem = 15 - 3;
  constexpr size_t kStarted = 22 - 3;
  const size_t bracket = stat.rfind(')');
  if (bracket == std::string_view::npos || ticks_per_second <= 0) return std::nullopt;
  const std::vector<std::string_view> words = Words(stat.substr(bracket + 1));
  const std::vector<std::string_view> pages = Words(statm);
  if (words.size() <= kStarted || pages.size() < 2) return std::nullopt;
  const std::optional<int64_t> user = Number(words[kUser]);
  const std::optional<int64_t> system = Number(words[kSystem]);
  const std::optional<int64_t> started = Number(words[kStarted]);
  const std::optional<int64_t> resident = Number(pages[1]);
  if (!user.has_value() || !system.has_value() || !started.has_value() || !resident.has_value())
    return std::nullopt;
  return ProcessUsage{*resident * page_bytes, (*user + *system) * 1000 / ticks_per_second, *started};
}

std::optional<ProcessUsage> UsageOf(int64_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid) + "/";
  return ReadUsage(Content(folder + "stat"), Content(folder + "statm"), sysconf(_SC_PAGESIZE),
                   sysconf(_SC_CLK_TCK));
}

std::optional<double> CpuMeter::Take(int64_t pid, const ProcessUsage& usage, int64_t now_ms) {
  const auto found = seen_.find(pid);
  const bool known = found != seen_.end() && found->second.usage.started == usage.started;
  const Seen before = known ? found->second : Seen{};
  seen_[pid] = {usage, now_ms, true};
  if (!known || now_ms <= before.at_ms) return std::nullopt;
  return 100.0 * static_cast<double>(usage.cpu_ms - before.usage.cpu_ms) /
         static_cast<double>(now_ms - before.at_ms);
}

void CpuMeter::EndRound() {
  for (auto one = seen_.begin(); one != seen_.end();) {
    const bool is_current = std::exchange(one->second.is_current, false);
    one = is_current ? std::next(one) : seen_.erase(one);
  }
}

}  // namespace fectl::client
