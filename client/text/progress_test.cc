#include "client/text/progress.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <limits>
#include <string>

#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

class ProgressTest : public testing::Test {
 protected:
  std::string Written() {
    std::string text(4096, '\0');
    const ssize_t bytes = pread(memory_.get(), text.data(), text.size(), 0);
    text.resize(bytes < 0 ? 0 : static_cast<size_t>(bytes));
    return text;
  }

  base::UniqueFd memory_{memfd_create("stderr", MFD_CLOEXEC)};
  Output output_{memory_.get(), memory_.get()};
};

TEST_F(ProgressTest, IsSilentInAPipe) {
  Progress progress(&output_, false, 0);
  progress.Show("reload", 5000);
  progress.Erase();
  EXPECT_EQ(progress.wake_ms(5000), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Written(), "");
}

TEST_F(ProgressTest, SaysNothingAboutWhatIsQuick) {
  Progress progress(&output_, true, 1000);
  EXPECT_EQ(progress.wake_ms(1000), 1500);
  progress.Show("reload", 1499);
  progress.Erase();
  EXPECT_EQ(Written(), "");
}

TEST_F(ProgressTest, ShowsEachSecondOnceAndErases) {
  {
    Progress progress(&output_, true, 1000);
    EXPECT_EQ(progress.wake_ms(1600), 2000);
    progress.Show("reload", 2000);
    progress.Show("reload", 2001);
    EXPECT_EQ(progress.wake_ms(2001), 3000);
    progress.Show("reload", 3000);
  }
  EXPECT_EQ(Written(),
            "\r\033[K\033[?7lreload (1 s)\033[?7h"
            "\r\033[K\033[?7lreload (2 s)\033[?7h"
            "\r\033[K");
}

}  // namespace
}  // namespace fectl::client
