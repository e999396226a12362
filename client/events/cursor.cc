#include "client/events/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <charconv>
#include <string_view>
#include <system_error>

#include "proto_spec/base/printable.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

absl::string_view View(const std::string& text) {
  return {text.data(), text.size()};
}

absl::Status Trouble(const std::string& path, const char* what, int error) {
  return absl::InternalError(
      View("the cursor " + base::EscapeForTerminal(path) + " cannot be " + what + ": " + strerror(error)));
}

// "9c1f 1042\n".
std::optional<Cursor> Parse(std::string_view text) {
  const size_t blank = text.find(' ');
  if (blank == 0 || blank == std::string_view::npos || !text.ends_with('\n')) return std::nullopt;
  Cursor cursor{.boot = std::string(text.substr(0, blank))};
  if (cursor.boot.find_first_not_of("0123456789abcdef") != std::string::npos) return std::nullopt;
  const char* const end = text.data() + text.size() - 1;
  const auto [read, error] = std::from_chars(text.data() + blank + 1, end, cursor.seq);
  if (error != std::errc() || read != end) return std::nullopt;
  return cursor;
}

}  // namespace

absl::StatusOr<std::optional<Cursor>> ReadCursor(const std::string& path) {
  const base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid() && errno == ENOENT) return std::optional<Cursor>();
  char bytes[128];
  const ssize_t got = file.valid() ? read(file.get(), bytes, sizeof bytes) : -1;
  if (got < 0) return Trouble(path, "read", errno);
  const std::optional<Cursor> cursor = Parse(std::string_view(bytes, static_cast<size_t>(got)));
  if (!cursor.has_value()) {
    return absl::InvalidArgumentError(
        View(base::EscapeForTerminal(path) + " is no cursor: name another file, or remove it to begin anew"));
  }
  return cursor;
}

absl::Status WriteCursor(const std::string& path, const Cursor& cursor) {
  const std::string text = cursor.boot + " " + std::to_string(cursor.seq) + "\n";
  const std::string fresh = path + ".new";
  {
    const base::UniqueFd file(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.valid() || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        fsync(file.get()) != 0)
      return Trouble(path, "written", errno);
  }
  if (rename(fresh.c_str(), path.c_str()) != 0) return Trouble(path, "written", errno);
  return absl::OkStatus();
}

}  // namespace fectl::client
