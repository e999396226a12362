#include "master/logger/sinks/journald_sink.h"

#include <endian.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "master/logger/lines/line_text.h"
#include "master/logger/lines/priority.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {
namespace {

// A value of any bytes: its length in 64 bits, the lowest first, and the bytes.
void AppendBytes(std::string_view name, std::string_view value, std::string* out) {
  const uint64_t length = htole64(value.size());
  std::array<char, sizeof length> bytes = {};
  std::memcpy(bytes.data(), &length, sizeof length);
  out->append(name).push_back('\n');
  out->append(bytes.data(), bytes.size()).append(value).push_back('\n');
}

}  // namespace

std::string JournaldSink::Trouble(const ServiceSettings& settings) const {
  return absl::StrCat("lines of service ", settings.name, " cannot be given to journald (",
                      settings.journald_socket, ")");
}

std::string JournaldSink::MessageOf(const ServiceSettings& settings, const proto::LogLine& line) const {
  const Prioritised prioritised = PriorityOf(line);
  std::string message =
      absl::StrCat("PRIORITY=", prioritised.priority, "\nSYSLOG_FACILITY=", settings.facility >> 3,
                   "\nSYSLOG_IDENTIFIER=", settings.name, "\nFECTL_SERVICE=", settings.name,
                   "\nFECTL_STREAM=", line.stream, "\n");
  if (line.worker > 0)
    absl::StrAppend(&message, "FECTL_WORKER=", line.worker, "\nSYSLOG_PID=", line.pid, "\n");
  if (line.part == proto::LogLine::kLastPart) {
    message += "FECTL_PART=end\n";
  } else if (line.part.has_value()) {
    absl::StrAppend(&message, "FECTL_PART=", *line.part, "\n");
  }
  AppendBytes("MESSAGE", prioritised.text, &message);
  return message;
}

absl::Status SendAsMemory(int socket, std::string_view message) {
  const base::UniqueFd file(memfd_create("fectl-line", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid() ||
      write(file.get(), message.data(), message.size()) != static_cast<ssize_t>(message.size()) ||
      fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
    return absl::ErrnoToStatus(errno, "memory for a long line");
  const int fd = file.get();
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fd)> control = {};
  msghdr header = {};
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* const rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  ssize_t sent = 0;
  do {
    sent = sendmsg(socket, &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return absl::OkStatus();
  if (errno == EAGAIN) return absl::DeadlineExceededError("it does not read what is sent to it");
  return absl::ErrnoToStatus(errno, "sending a long line");
}

}  // namespace fectl::logger
