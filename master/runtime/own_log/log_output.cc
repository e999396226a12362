#include "master/runtime/own_log/log_output.h"

#include <poll.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "master/platform/files/output_file.h"
#include "master/platform/loop/clock.h"

namespace fectl::runtime {
namespace {

// A pipe that poll() calls writable takes this much without blocking, and whole; a longer line is cut.
constexpr size_t kWriteBytesMax = 4096;

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

}  // namespace

absl::StatusOr<std::unique_ptr<LogOutput>> LogOutput::Open(const config::LoggingConfig& config) {
  std::unique_ptr<LogOutput> output(new LogOutput(config));
  if (config.target == config::LogTarget::kFile) {
    auto file = platform::OpenOutputFile(config.name);
    if (!file.ok()) return file.status();
    output->file_ = *std::move(file);
  } else if (config.target == config::LogTarget::kSyslog) {
    output->syslog_.emplace(config.name, platform::FacilityNumber(config.facility));
  }
  Silence(config.level);
  google::AddLogSink(output.get());
  return output;
}

LogOutput::~LogOutput() {
  google::RemoveLogSink(this);
  Flush();
}

Reopened LogOutput::Reopen() {
  Flush();
  Reopened reopened;
  if (config_.target != config::LogTarget::kFile) return reopened;
  auto file = platform::OpenOutputFile(config_.name);
  reopened.Count(file.status());
  if (file.ok()) file_ = *std::move(file);
  return reopened;
}

void LogOutput::send(google::LogSeverity severity, const char* /*full_filename*/,
                     const char* /*base_filename*/, int /*line*/, const google::LogMessageTime& time,
                     const char* message, size_t message_len) {
  Put(severity, time.timestamp(), std::string_view(message, message_len));
}

void LogOutput::Say(google::LogSeverity severity, std::string_view text) {
  if (severity >= FLAGS_minloglevel) Put(severity, platform::WallSeconds(), text);
}

void LogOutput::Put(google::LogSeverity severity, time_t at, std::string_view text) {
  if (syslog_.has_value()) return PutToSyslog(severity, at, text);
  const std::string line = Line(severity, at, text);
  if (gathered_.size() + line.size() >= kWriteBytesMax) Flush();  // one byte is left for a torn line's end
  gathered_ += line;
  if (severity >= google::GLOG_ERROR) Flush();
}

void LogOutput::PutToSyslog(google::LogSeverity severity, time_t at, std::string_view text) {
  if (lost_lines_ > 0 &&
      syslog_->Send(LOG_WARNING, at, absl::StrCat(lost_lines_, " log lines were lost before this one"))) {
    lost_lines_ = 0;
  }
  if (lost_lines_ > 0 || !syslog_->Send(Priority(severity), at, text)) ++lost_lines_;
}

// In UTC, so that a changed or missing time zone changes no line.
const std::string& LogOutput::Stamp(time_t at) {
  if (at == stamped_at_) return stamp_;
  stamped_at_ = at;
  struct tm parts = {};
  gmtime_r(&at, &parts);
  std::array<char, 32> text = {};
  const size_t length = strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  stamp_.assign(text.data(), length);
  return stamp_;
}

std::string LogOutput::Line(google::LogSeverity severity, time_t at, std::string_view text) {
  constexpr std::string_view kLetters = "IWEF";
  std::string line = Stamp(at);
  line += ' ';
  line += kLetters[static_cast<size_t>(severity)];
  line += ' ';
  line +=
      text.substr(0, kWriteBytesMax - line.size() - 2);  // and its end, and perhaps that of the one before
  line += '\n';
  return line;
}

void LogOutput::Flush() {
  if (gathered_.empty()) return;
  const std::string lines = std::exchange(gathered_, {});
  if (lost_lines_ > 0) {
    const std::string said = Line(google::GLOG_WARNING, platform::WallSeconds(),
                                  absl::StrCat(lost_lines_, " log lines were lost before this one"));
    if (Write(said) == said.size()) lost_lines_ = 0;
  }
  const size_t taken = lost_lines_ > 0 ? 0 : Write(lines);
  lost_lines_ +=
      static_cast<uint64_t>(std::count(lines.begin() + static_cast<ptrdiff_t>(taken), lines.end(), '\n'));
}

size_t LogOutput::Write(const std::string& lines) {
  const int fd = file_.valid() ? file_.get() : STDERR_FILENO;
  // The description may be shared with others who rely on its mode, so it is asked and not made non-blocking.
  pollfd ready = {.fd = fd, .events = POLLOUT, .revents = 0};
  while (poll(&ready, 1, 0) < 0 && errno == EINTR) continue;
  if ((ready.revents & POLLOUT) == 0) return 0;
  const std::string mended = torn_ ? '\n' + lines : lines;
  ssize_t written = -1;
  do {
    written = write(fd, mended.data(), mended.size());
  } while (written < 0 && errno == EINTR);
  if (written <= 0) return 0;
  const size_t extra = mended.size() - lines.size();
  const size_t taken = static_cast<size_t>(written) - std::min(extra, static_cast<size_t>(written));
  torn_ = static_cast<size_t>(written) < mended.size() && taken > 0 && lines[taken - 1] != '\n';
  return taken;
}

}  // namespace fectl::runtime
