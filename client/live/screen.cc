#include "client/live/screen.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"

namespace fectl::client {
namespace {

// The second screen, no cursor; and back. Lines are cut here, so the terminal need not wrap them.
constexpr std::string_view kEnter = "\033[?1049h\033[?25l\033[?7l";
constexpr std::string_view kLeave = "\033[?7h\033[?25h\033[?1049l";

struct Sequence {
  std::string_view bytes;
  int key;
};
constexpr Sequence kSequences[] = {
    {"\033[A", kKeyUp},   {"\033OA", kKeyUp},      {"\033[B", kKeyDown},
    {"\033OB", kKeyDown}, {"\033[5~", kKeyPageUp}, {"\033[6~", kKeyPageDown},
};

}  // namespace

absl::StatusOr<Screen> Screen::Open(int in_fd, int out_fd) {
  termios found = {};
  if (tcgetattr(in_fd, &found) != 0 || isatty(out_fd) == 0)
    return absl::FailedPreconditionError("a full screen needs a terminal as standard input and output");
  Screen screen(in_fd, out_fd, found);
  screen.Enter();
  return screen;
}

Screen::Screen(Screen&& other) noexcept
    : in_fd_(other.in_fd_),
      out_fd_(other.out_fd_),
      found_(other.found_),
      entered_(std::exchange(other.entered_, false)),
      has_keyboard_(other.has_keyboard_),
      rows_(other.rows_),
      columns_(other.columns_),
      typed_(std::move(other.typed_)) {}

Screen::~Screen() {
  Leave();
}

void Screen::Enter() {
  if (entered_) return;
  entered_ = true;
  termios keys = found_;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  // A read gives what is there, if that is nothing: the flag for that is the terminal's own, and not one of
  // the descriptor, which the shell has too.
  keys.c_cc[VMIN] = 0;
  keys.c_cc[VTIME] = 0;
  tcsetattr(in_fd_, TCSADRAIN, &keys);
  Write(kEnter);
  Measure();
}

void Screen::Leave() {
  if (!entered_) return;
  entered_ = false;
  Write(kLeave);
  // What was typed for this program is not for the shell.
  tcsetattr(in_fd_, TCSAFLUSH, &found_);
}

void Screen::Measure() {
  winsize size = {};
  if (ioctl(out_fd_, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return;
  rows_ = size.ws_row;
  columns_ = size.ws_col;
}

void Screen::Draw(const std::vector<std::string>& lines) {
  std::string bytes = "\033[H";
  for (size_t i = 0; i < std::min(lines.size(), rows_); ++i) {
    if (i > 0) bytes += "\r\n";
    bytes += CutToColumns(lines[i], columns_) + "\033[K";
  }
  Write(bytes + "\033[J");
}

std::optional<int> Screen::TakeKey() {
  char bytes[64];
  const ssize_t got = read(in_fd_, bytes, sizeof bytes);
  if (got > 0) typed_.append(bytes, static_cast<size_t>(got));
  if (got < 0 && errno != EINTR && errno != EAGAIN) has_keyboard_ = false;  // the terminal is gone
  if (typed_.empty()) return std::nullopt;
  for (const Sequence& sequence : kSequences) {
    if (!typed_.starts_with(sequence.bytes)) continue;
    typed_.erase(0, sequence.bytes.size());
    return sequence.key;
  }
  const int key = static_cast<unsigned char>(typed_.front());
  typed_.erase(0, 1);
  return key;
}

void Screen::Write(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = write(out_fd_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd ready = {out_fd_, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return;  // the terminal is gone, and with it who could be told
    }
  }
}

std::string CutToColumns(std::string_view line, size_t columns) {
  std::string cut;
  size_t used = 0;
  bool coloured = false;
  for (size_t i = 0; i < line.size();) {
    size_t end = i + 1;
    if (line[i] == '\033') {
      end = line.find('m', i);
      end = end == std::string_view::npos ? line.size() : end + 1;
      coloured = true;
    } else {
      while (end < line.size() && (static_cast<uint8_t>(line[end]) & 0xc0) == 0x80) ++end;
      if (used++ == columns) break;
    }
    cut += line.substr(i, end - i);
    i = end;
  }
  return coloured && cut.size() < line.size() ? cut + "\033[0m" : cut;
}

}  // namespace fectl::client
