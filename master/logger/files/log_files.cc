#include "master/logger/files/log_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "master/logger/lines/line_text.h"

namespace fectl::logger {
namespace {

constexpr std::string_view kEnd = ".log";
constexpr std::string_view kCompressed = ".zst";

std::string CompactTime(int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  return absl::StrFormat("%04d%02d%02dT%02d%02d%02dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                         parts.tm_hour, parts.tm_min, parts.tm_sec);
}

// "20261126T210000Z", or that with "-2" behind it.
bool IsTime(std::string_view text) {
  constexpr std::string_view kForm = "00000000T000000Z";
  if (text.size() < kForm.size()) return false;
  for (size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    if (kForm[i] == '0' ? !digit : text[i] != kForm[i]) return false;
  }
  return text.size() == kForm.size() || text[kForm.size()] == '-';
}

std::optional<ClosedLog> ReadName(std::string_view name) {
  ClosedLog log;
  log.compressed = name.ends_with(kCompressed);
  if (log.compressed) name.remove_suffix(kCompressed.size());
  if (!name.ends_with(kEnd)) return std::nullopt;
  name.remove_suffix(kEnd.size());
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || !IsTime(name.substr(dot + 1))) return std::nullopt;
  log.service = name.substr(0, dot);
  log.time = name.substr(dot + 1);
  return log;
}

}  // namespace

std::string LogPath(const std::string& folder, const std::string& name) {
  return absl::StrCat(folder, "/", name, std::string(kEnd));
}

std::string ClosedLogPath(const std::string& folder, const std::string& name, int64_t now_ms) {
  const std::string start = absl::StrCat(folder, "/", name, ".", CompactTime(now_ms));
  std::string path = start + std::string(kEnd);
  std::error_code error;
  for (int number = 2; std::filesystem::exists(path, error) ||
                       std::filesystem::exists(path + std::string(kCompressed), error);
       ++number) {
    path = absl::StrFormat("%s-%03d%s", start, number, std::string(kEnd));
  }
  return path;
}

absl::Status MakeLogFolder(const std::string& folder) {
  struct stat found = {};
  if (stat(folder.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) return absl::OkStatus();
  for (size_t end = folder.find('/', 1);; end = folder.find('/', end + 1)) {
    const std::string part = folder.substr(0, end);
    if (mkdir(part.c_str(), 0750) != 0 && errno != EEXIST)
      return absl::ErrnoToStatus(errno, absl::StrCat("folder ", part, " cannot be made"));
    if (end == std::string::npos) return absl::OkStatus();
  }
}

std::vector<ClosedLog> ClosedLogs(const std::string& folder, const std::string& name) {
  std::vector<ClosedLog> logs;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::optional<ClosedLog> log = ReadName(entry->path().filename().string());
    if (!log.has_value() || (!name.empty() && log->service != name)) continue;
    std::error_code gone;
    log->path = entry->path().string();
    log->bytes = entry->is_regular_file(gone) ? entry->file_size(gone) : 0;
    if (!gone) logs.push_back(*std::move(log));
  }
  std::sort(logs.begin(), logs.end(), [](const ClosedLog& a, const ClosedLog& b) {
    return std::tie(a.time, a.path) < std::tie(b.time, b.path);
  });
  return logs;
}

int64_t FirstTimeIn(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return 0;
  // Of whichever service it is: the time stands first.
  const size_t begin = line.find(' ') + 1;
  const std::string service = line.substr(begin, line.find_first_of("[ ", begin) - begin);
  const std::optional<proto::LogLine> read = ParseLine(line, service);
  return read.has_value() ? read->t_ms : 0;
}

}  // namespace fectl::logger
