#ifndef FECTL_CLIENT_LIVE_SCREEN_H_
#define FECTL_CLIENT_LIVE_SCREEN_H_

#include <termios.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace fectl::client {

// A key that a program with a full screen cares about: a character, or one of these.
enum Key : int { kKeyUp = 256, kKeyDown, kKeyPageUp, kKeyPageDown };

// A terminal for a program that fills it: its second screen, without a cursor, and keys that come one by one
// and are not echoed. However it is left, the terminal is as it was found. What has to be done at a signal:
// Leave() before a stop, Enter() behind it; SIGINT and SIGTERM end the program by destroying this.
class Screen {
 public:
  // The descriptors are not owned. FailedPrecondition where one of them is no terminal.
  static absl::StatusOr<Screen> Open(int in_fd, int out_fd);
  Screen(Screen&& other) noexcept;
  Screen& operator=(Screen&&) = delete;
  ~Screen();

  void Enter();
  void Leave();

  size_t rows() const { return rows_; }
  size_t columns() const { return columns_; }
  // Looks at its size anew.
  void Measure();

  // Shows these lines and nothing else; what does not fit is cut. They may have colours
  // (text/terminal_text.h).
  void Draw(const std::vector<std::string>& lines);

  // What was typed, one after the other; nullopt: nothing more for now.
  std::optional<int> TakeKey();
  // False: nothing will ever be typed.
  bool has_keyboard() const { return has_keyboard_; }
  int fd() const { return in_fd_; }

 private:
  Screen(int in_fd, int out_fd, const termios& found) : in_fd_(in_fd), out_fd_(out_fd), found_(found) {}
  void Write(std::string_view bytes) const;

  int in_fd_;
  int out_fd_;
  termios found_;
  bool entered_ = false;
  bool has_keyboard_ = true;
  size_t rows_ = 24;
  size_t columns_ = 80;
  std::string typed_;  // not taken yet
};

// The first `columns` columns of a line; its colours take none, and end with it.
std::string CutToColumns(std::string_view line, size_t columns);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_LIVE_SCREEN_H_
