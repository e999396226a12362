#include "client/live/screen.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// A terminal of 5 rows and 20 columns, and who sits at it.
class ScreenTest : public testing::Test {
 protected:
  void SetUp() override {
    master_.reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_TRUE(master_.valid()) << "this machine has no pseudo terminals";
    ASSERT_EQ(grantpt(master_.get()), 0);
    ASSERT_EQ(unlockpt(master_.get()), 0);
    terminal_.reset(open(ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_TRUE(terminal_.valid());
    const winsize size = {.ws_row = 5, .ws_col = 20, .ws_xpixel = 0, .ws_ypixel = 0};
    ASSERT_EQ(ioctl(terminal_.get(), TIOCSWINSZ, &size), 0);
    ASSERT_EQ(tcgetattr(terminal_.get(), &found_), 0);
  }

  absl::StatusOr<Screen> Open() { return Screen::Open(terminal_.get(), terminal_.get()); }

  // What was shown since the last call; waits for the first of it.
  std::string Shown() {
    std::string shown;
    for (int wait = 10'000;; wait = 0) {
      pollfd ready = {master_.get(), POLLIN, 0};
      if (poll(&ready, 1, wait) != 1) return shown;
      char bytes[4096];
      const ssize_t got = read(master_.get(), bytes, sizeof bytes);
      if (got <= 0) return shown;
      shown.append(bytes, static_cast<size_t>(got));
    }
  }

  void Type(const std::string& keys) {
    ASSERT_EQ(write(master_.get(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }

  bool IsAsFound() const {
    termios now = {};
    tcgetattr(terminal_.get(), &now);
    return now.c_lflag == found_.c_lflag && now.c_iflag == found_.c_iflag && now.c_oflag == found_.c_oflag &&
           memcmp(now.c_cc, found_.c_cc, sizeof now.c_cc) == 0;
  }

  base::UniqueFd master_;
  base::UniqueFd terminal_;
  termios found_ = {};
};

TEST_F(ScreenTest, TheTerminalIsLeftAsItWasFound) {
  {
    absl::StatusOr<Screen> screen = Open();
    ASSERT_TRUE(screen.ok()) << screen.status();
    EXPECT_FALSE(IsAsFound());
    EXPECT_THAT(Shown(), StartsWith("\033[?1049h\033[?25l"));
    const Screen moved = *std::move(screen);
    EXPECT_FALSE(IsAsFound());
  }
  EXPECT_TRUE(IsAsFound());
  EXPECT_THAT(Shown(), EndsWith("\033[?25h\033[?1049l"));
}

TEST_F(ScreenTest, ItIsLeftForAStopAndEnteredBehindIt) {
  absl::StatusOr<Screen> screen = Open();
  ASSERT_TRUE(screen.ok());
  Shown();
  screen->Leave();
  screen->Leave();
  EXPECT_TRUE(IsAsFound());
  EXPECT_THAT(Shown(), EndsWith("\033[?1049l"));
  screen->Enter();
  EXPECT_FALSE(IsAsFound());
  EXPECT_THAT(Shown(), HasSubstr("\033[?1049h"));
}

TEST_F(ScreenTest, ShowsWhatFits) {
  absl::StatusOr<Screen> screen = Open();
  ASSERT_TRUE(screen.ok());
  EXPECT_EQ(screen->rows(), 5U);
  EXPECT_EQ(screen->columns(), 20U);
  Shown();
  screen->Draw({"one", std::string(30, 'x'), "", "four", "five", "six"});
  // The terminal adds a return to each newline, as terminals do.
  EXPECT_EQ(Shown(), "\033[Hone\033[K\r\r\n" + std::string(20, 'x') +
                         "\033[K\r\r\n\033[K\r\r\nfour\033[K\r\r\nfive\033[K\033[J");
  const winsize size = {.ws_row = 2, .ws_col = 3, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(ioctl(master_.get(), TIOCSWINSZ, &size), 0);
  screen->Measure();
  screen->Draw({"abcd", "b", "c"});
  EXPECT_EQ(Shown(), "\033[Habc\033[K\r\r\nb\033[K\033[J");
}

TEST_F(ScreenTest, KeysComeOneByOne) {
  absl::StatusOr<Screen> screen = Open();
  ASSERT_TRUE(screen.ok());
  EXPECT_EQ(screen->TakeKey(), std::nullopt);
  Type("q\033[A\033OB\033[6~x");
  // They are there at once, but for what the kernel has still to move.
  std::vector<int> keys;
  while (keys.size() < 5) {
    pollfd ready = {screen->fd(), POLLIN, 0};
    if (keys.empty()) {
      ASSERT_EQ(poll(&ready, 1, 10'000), 1);
    }
    if (const std::optional<int> key = screen->TakeKey()) keys.push_back(*key);
  }
  EXPECT_THAT(keys, testing::ElementsAre('q', kKeyUp, kKeyDown, kKeyPageDown, 'x'));
  EXPECT_THAT(Shown(), testing::Not(HasSubstr("q")));  // not echoed
}

TEST_F(ScreenTest, ATerminalThatIsGoneHasNoKeyboard) {
  absl::StatusOr<Screen> screen = Open();
  ASSERT_TRUE(screen.ok());
  EXPECT_TRUE(screen->has_keyboard());
  master_.reset();
  EXPECT_EQ(screen->TakeKey(), std::nullopt);
  screen->Draw({"nobody sees it"});
}

TEST(Screen, NeedsATerminal) {
  const base::UniqueFd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_TRUE(absl::IsFailedPrecondition(Screen::Open(nothing.get(), nothing.get()).status()));
}

TEST(CutToColumns, CountsWhatIsSeen) {
  EXPECT_EQ(CutToColumns("abc", 3), "abc");
  EXPECT_EQ(CutToColumns("abcd", 3), "abc");
  EXPECT_EQ(CutToColumns("\xc3\xa4\xc3\xb6\xc3\xbc", 2), "\xc3\xa4\xc3\xb6");
  EXPECT_EQ(CutToColumns("\033[31mabcd\033[0m", 2), "\033[31mab\033[0m");
  EXPECT_EQ(CutToColumns("\033[31mab\033[0m", 2), "\033[31mab\033[0m");
  EXPECT_EQ(CutToColumns("", 0), "");
}

}  // namespace
}  // namespace fectl::client
