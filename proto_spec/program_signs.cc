#include "proto_spec/program_signs.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto_spec/environment.h"

namespace fectl::proto {
namespace {

constexpr char kReadyForms[] =
    "must be notify, log:TEXT, http:/PATH, http:SOCKET/PATH, exec:COMMAND or after:SECONDS";
constexpr char kWatchdogForms[] =
    "must be none, notify, http:/PATH, http:SOCKET/PATH or exec:COMMAND, with or without =SECONDS behind it";
constexpr char kSignals[] = "must be TERM, INT, QUIT, HUP, USR1, USR2 or WINCH";
constexpr int64_t kMsMin = 100;
constexpr int64_t kMsMax = int64_t{30} * 86'400 * 1000;

bool TakePrefix(std::string_view prefix, std::string_view* text) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

bool OneLine(std::string_view text) {
  return !text.empty() && text.find_first_of(std::string_view("\n\r\0", 3)) == std::string_view::npos;
}

// A request target as it goes into the request's first line. (With two slashes at its start it is a mistaken
// URL.)
bool IsPath(std::string_view text) {
  return text.starts_with('/') && !text.starts_with("//") &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// "/PATH" or "SOCKET/PATH".
std::optional<ProgramSign> HttpSign(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || !IsPath(text.substr(slash))) return std::nullopt;
  ProgramSign sign{.kind = ProgramSign::Kind::kHttp, .text = std::string(text.substr(slash))};
  if (slash > 0 && !ValidName(text.substr(0, slash))) return std::nullopt;
  sign.socket = std::string(text.substr(0, slash));
  return sign;
}

std::optional<int64_t> Seconds(std::string_view text) {
  const auto ms = ParseSeconds(text);
  if (!ms.ok() || *ms < kMsMin || *ms > kMsMax) return std::nullopt;
  return *ms;
}

}  // namespace

absl::StatusOr<ProgramSign> ParseReady(std::string_view text) {
  using Kind = ProgramSign::Kind;
  std::string_view rest = text;
  if (rest == "notify") return ProgramSign{.kind = Kind::kNotify};
  if (TakePrefix("log:", &rest) && OneLine(rest))
    return ProgramSign{.kind = Kind::kLog, .text = std::string(rest)};
  if (TakePrefix("exec:", &rest) && OneLine(rest))
    return ProgramSign{.kind = Kind::kExec, .text = std::string(rest)};
  if (TakePrefix("http:", &rest)) {
    if (auto sign = HttpSign(rest)) return *sign;
  }
  if (TakePrefix("after:", &rest)) {
    if (const auto ms = Seconds(rest)) return ProgramSign{.kind = Kind::kAfter, .ms = *ms};
    return absl::InvalidArgumentError("must be after:SECONDS with 0.1 to 2592000 seconds");
  }
  return absl::InvalidArgumentError(kReadyForms);
}

absl::StatusOr<ProgramSign> ParseWatchdog(std::string_view text) {
  using Kind = ProgramSign::Kind;
  if (text == "none") return ProgramSign{};
  int64_t ms = kWatchdogMsDefault;
  // A path and a command can have an "=" of their own, so only a number behind the last one is a time.
  if (const size_t equals = text.rfind('='); equals != std::string_view::npos) {
    const std::string_view digits = text.substr(equals + 1);
    if (ParseSeconds(digits).ok()) {
      const auto limit = Seconds(digits);
      if (!limit) return absl::InvalidArgumentError("must have 0.1 to 2592000 seconds behind the last \"=\"");
      ms = *limit;
      text = text.substr(0, equals);
    }
  }
  if (text == "notify") return ProgramSign{.kind = Kind::kNotify, .ms = ms};
  if (TakePrefix("exec:", &text) && OneLine(text)) {
    return ProgramSign{.kind = Kind::kExec, .text = std::string(text), .ms = ms};
  }
  if (TakePrefix("http:", &text)) {
    if (auto sign = HttpSign(text)) {
      sign->ms = ms;
      return *sign;
    }
  }
  return absl::InvalidArgumentError(kWatchdogForms);
}

absl::StatusOr<std::string> ParseStopSignal(std::string_view text) {
  std::string name(text);
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (name.starts_with("SIG")) name.erase(0, 3);
  for (const char* known : {"TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "WINCH"}) {
    if (name == known) return name;
  }
  return absl::InvalidArgumentError(kSignals);
}

std::string ReplaceDescriptors(std::string_view word,
                               const std::function<std::string(std::string_view name)>& number) {
  constexpr std::string_view kStart = "{fd:";
  std::string out;
  while (true) {
    const size_t start = word.find(kStart);
    const size_t end = start == std::string_view::npos ? start : word.find('}', start);
    if (end == std::string_view::npos) break;
    const std::string_view name = word.substr(start + kStart.size(), end - start - kStart.size());
    out += word.substr(0, start);
    out += ValidName(name) ? number(name) : std::string(word.substr(start, end + 1 - start));
    word.remove_prefix(end + 1);
  }
  out += word;
  return out;
}

}  // namespace fectl::proto
