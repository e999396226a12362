#include "master/runtime/log_output.h"

#include <poll.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "master/platform/output_file.h"

namespace fectl::runtime {
namespace {

// A pipe that poll() calls writable takes this much without blocking; a longer line is cut.
constexpr size_t kLineBytesMax = 4096;

int Facility(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, int>, 19> kFacilities = {{
      {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},     {"daemon", LOG_DAEMON},
      {"ftp", LOG_FTP},       {"lpr", LOG_LPR},           {"mail", LOG_MAIL},     {"news", LOG_NEWS},
      {"syslog", LOG_SYSLOG}, {"user", LOG_USER},         {"uucp", LOG_UUCP},     {"local0", LOG_LOCAL0},
      {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},     {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},
      {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},     {"local7", LOG_LOCAL7},
  }};
  for (const auto& [known, number] : kFacilities) {
    if (known == name) return number;
  }
  return LOG_DAEMON;
}

int Priority(google::LogSeverity severity) {
  if (severity == google::GLOG_INFO) return LOG_INFO;
  if (severity == google::GLOG_WARNING) return LOG_WARNING;
  return LOG_ERR;
}

// glog's own destinations are all turned off: no files in /tmp, nothing on standard error but what we put
// there.
void Silence(const config::LogLevel level) {
  static bool initialized = false;
  if (!initialized) {
    initialized = true;
    google::InitGoogleLogging("fectld");
  }
  for (int severity = 0; severity < google::NUM_SEVERITIES; ++severity)
    google::SetLogDestination(severity, "");
  FLAGS_logtostderr = false;
  FLAGS_alsologtostderr = false;
  FLAGS_stderrthreshold = google::NUM_SEVERITIES;
  FLAGS_minloglevel = google::GLOG_INFO;
  FLAGS_v = 0;
  switch (level) {
    case config::LogLevel::kOff:
      FLAGS_minloglevel = google::GLOG_FATAL;
      break;
    case config::LogLevel::kError:
      FLAGS_minloglevel = google::GLOG_ERROR;
      break;
    case config::LogLevel::kWarning:
      FLAGS_minloglevel = google::GLOG_WARNING;
      break;
    case config::LogLevel::kInfo:
      break;
    case config::LogLevel::kDebug:
      FLAGS_v = 1;
      break;
    case config::LogLevel::kTrace:
      FLAGS_v = 2;
      break;
  }
}

// In UTC, so that a changed or missing time zone changes no line.
std::string Stamp(time_t seconds) {
  struct tm parts = {};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text = {};
  const size_t length = strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text.data(), length);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogOutput>> LogOutput::Open(const config::LoggingConfig& config) {
  std::unique_ptr<LogOutput> output(new LogOutput(config));
  if (config.target == config::LogTarget::kFile) {
    auto file = platform::OpenOutputFile(config.name);
    if (!file.ok()) return file.status();
    output->file_ = *std::move(file);
  } else if (config.target == config::LogTarget::kSyslog) {
    output->syslog_.emplace(config.name, Facility(config.facility));
  }
  Silence(config.level);
  google::AddLogSink(output.get());
  return output;
}

LogOutput::~LogOutput() {
  google::RemoveLogSink(this);
}

absl::Status LogOutput::Reopen() {
  if (config_.target != config::LogTarget::kFile) return absl::OkStatus();
  auto file = platform::OpenOutputFile(config_.name);
  if (!file.ok()) return file.status();
  file_ = *std::move(file);
  return absl::OkStatus();
}

void LogOutput::send(google::LogSeverity severity, const char* /*full_filename*/,
                     const char* /*base_filename*/, int /*line*/, const google::LogMessageTime& time,
                     const char* message, size_t message_len) {
  const time_t at = time.timestamp();
  if (lost_lines_ > 0 &&
      Put(google::GLOG_WARNING, at, absl::StrCat(lost_lines_, " log lines were lost before this one"))) {
    lost_lines_ = 0;
  }
  if (lost_lines_ > 0 || !Put(severity, at, std::string_view(message, message_len))) ++lost_lines_;
}

bool LogOutput::Put(google::LogSeverity severity, time_t at, std::string_view text) {
  if (syslog_.has_value()) return syslog_->Send(Priority(severity), at, text);
  constexpr std::string_view kLetters = "IWEF";
  std::string line = Stamp(at);
  line += ' ';
  line += kLetters[static_cast<size_t>(severity)];
  line += ' ';
  line += text.substr(0, kLineBytesMax - line.size() - 2);  // and its end, and perhaps that of the one before
  line += '\n';
  return Write(torn_ ? '\n' + line : line);
}

bool LogOutput::Write(const std::string& line) {
  const int fd = file_.valid() ? file_.get() : STDERR_FILENO;
  // The description may be shared with others who rely on its mode, so it is asked and not made non-blocking.
  pollfd ready = {.fd = fd, .events = POLLOUT, .revents = 0};
  if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return false;
  ssize_t written = -1;
  do {
    written = write(fd, line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  const bool whole = written == static_cast<ssize_t>(line.size());
  if (written > 0) torn_ = !whole;
  return whole;
}

}  // namespace fectl::runtime
