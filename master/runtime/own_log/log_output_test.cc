#include "master/runtime/own_log/log_output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "proto_spec/base/unique_fd.h"

namespace fectl::runtime {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class LogOutputTest : public testing::Test {
 protected:
  LogOutputTest() { std::filesystem::remove(path_); }

  // What the file holds.
  std::string Written() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  const std::string path_ =
      testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name();
  config::LoggingConfig config_ = [this] {
    config::LoggingConfig config;
    config.target = config::LogTarget::kFile;
    config.name = path_;
    return config;
  }();
};

TEST_F(LogOutputTest, LinesAreWrittenWithTheFlush) {
  const auto log = LogOutput::Open(config_);
  ASSERT_TRUE(log.ok());
  LOG(INFO) << "first";
  LOG(WARNING) << "second";
  EXPECT_EQ(Written(), "");
  (*log)->Flush();
  EXPECT_THAT(Written(), testing::ContainsRegex("Z I first\n.*Z W second\n$"));
  (*log)->Flush();
  EXPECT_THAT(Written(), Not(HasSubstr("second\n2")));
}

TEST_F(LogOutputTest, AnErrorGoesOutAtOnceWithWhatCameBeforeIt) {
  const auto log = LogOutput::Open(config_);
  ASSERT_TRUE(log.ok());
  LOG(INFO) << "before";
  LOG(ERROR) << "the end";
  EXPECT_THAT(Written(), testing::ContainsRegex("I before\n.*E the end\n$"));
}

TEST_F(LogOutputTest, NothingIsLeftUnsaidAtTheEndNorAtANewFile) {
  auto log = LogOutput::Open(config_);
  ASSERT_TRUE(log.ok());
  LOG(INFO) << "into the old file";
  const std::string old = path_ + ".1";
  std::filesystem::rename(path_, old);
  ASSERT_TRUE((*log)->Reopen().failures.empty());
  LOG(INFO) << "into the new file";
  log->reset();
  EXPECT_THAT(Written(), EndsWith("I into the new file\n"));
  EXPECT_THAT(Written(), Not(HasSubstr("old")));
  std::filesystem::rename(old, path_);
  EXPECT_THAT(Written(), EndsWith("I into the old file\n"));
}

TEST_F(LogOutputTest, ManyLinesDoNotWait) {
  const auto log = LogOutput::Open(config_);
  ASSERT_TRUE(log.ok());
  const std::string text(1000, 'x');
  for (int i = 0; i < 10; ++i) LOG(INFO) << text;
  EXPECT_GE(Written().size(), 6000U);
  (*log)->Flush();
  const std::string written = Written();
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 10);
}

// Standard error is a pipe whose reader has stopped: nothing waits, and what was lost is counted in lines.
TEST_F(LogOutputTest, LinesThatNobodyTakesAreCounted) {
  std::array<int, 2> ends = {};
  ASSERT_EQ(pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC), 0);
  const base::UniqueFd reader(ends[0]);
  const base::UniqueFd writer(ends[1]);
  const base::UniqueFd before(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
  ASSERT_GE(dup2(writer.get(), STDERR_FILENO), 0);
  config_.target = config::LogTarget::kConsole;
  std::array<char, 4096> page = {};
  {
    const auto log = LogOutput::Open(config_);
    while (write(writer.get(), page.data(), page.size()) > 0) continue;
    LOG(INFO) << "one";
    LOG(INFO) << "two";
    (*log)->Flush();
    LOG(INFO) << "three";
    (*log)->Flush();
    while (read(reader.get(), page.data(), page.size()) > 0) continue;
    LOG(INFO) << "four";
    (*log)->Flush();
  }
  ASSERT_GE(dup2(before.get(), STDERR_FILENO), 0);
  std::array<char, 4096> got = {};
  ASSERT_GT(read(reader.get(), got.data(), got.size() - 1), 0);
  EXPECT_THAT(got.data(), testing::ContainsRegex("W 3 log lines were lost before this one\n.*I four\n$"));
}

}  // namespace
}  // namespace fectl::runtime
