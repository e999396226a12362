#include "master/logger/sinks/console_sink.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "master/logger/lines/line_text.h"

namespace fectl::logger {
namespace {

// A terminal may have been told not to block by whoever else has it.
absl::Status WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t some = write(fd, text.data(), text.size());
    if (some >= 0) {
      text.remove_prefix(static_cast<size_t>(some));
    } else if (errno == EAGAIN) {
      pollfd writable = {fd, POLLOUT, 0};
      if (poll(&writable, 1, -1) < 0 && errno != EINTR) return absl::UnknownError(std::strerror(errno));
    } else if (errno != EINTR) {
      return absl::UnknownError(std::strerror(errno));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string ConsoleSink::Trouble(const ServiceSettings& settings) const {
  return absl::StrCat("lines of service ", settings.name, " cannot be written to fectld's own output");
}

absl::Status ConsoleSink::Write(const ServiceSettings& settings, const Batch& batch, int64_t now_ms) {
  std::string text;
  int fd = out_;
  absl::Status status;
  if (!batch.notice.empty()) AppendForConsole(settings.name, OwnRecord(now_ms), batch.notice + "\n", &text);
  WalkRecords(batch.records, [&](const RecordHead& head, std::string_view lines) {
    const int next = head.stream == Stream::kErr ? error_ : out_;
    if (next != fd && status.ok()) {
      status = WriteAll(fd, text);
      text.clear();
    }
    fd = next;
    AppendForConsole(settings.name, head, lines, &text);
  });
  if (status.ok()) status = WriteAll(fd, text);
  if (status.ok()) NoteWritten(batch);
  return status;
}

}  // namespace fectl::logger
