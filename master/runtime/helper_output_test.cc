#include "master/runtime/helper_output.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "master/platform/loop/event_loop.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::runtime {
namespace {

constexpr int64_t kNow = 0;

class HelperOutputTest : public testing::Test {
 protected:
  void SetUp() override {
    auto loop = platform::EventLoop::Create();
    ASSERT_TRUE(loop.ok());
    loop_ = *std::move(loop);
    output_ = std::make_unique<HelperOutput>("fectld --try", 10, loop_.get());
    ASSERT_TRUE(output_->Open(&write_).ok());
  }
  void Write(const std::string& text) {
    ASSERT_EQ(write(write_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  std::unique_ptr<platform::EventLoop> loop_;
  std::unique_ptr<HelperOutput> output_;
  base::UniqueFd write_;
};

TEST_F(HelperOutputTest, IsReadAsItComes) {
  output_->ReadAll();
  EXPECT_EQ(output_->text(), "");
  Write("one");
  ASSERT_TRUE(loop_->Turn(kNow).ok());
  EXPECT_EQ(output_->text(), "one");
  Write("two");
  write_.reset();
  output_->ReadAll();
  EXPECT_EQ(output_->text(), "onetwo");
  EXPECT_TRUE(output_->state().ok());
  EXPECT_EQ(loop_->watched(), 0U);
}

TEST_F(HelperOutputTest, HasAnEnd) {
  Write("0123456789");
  output_->ReadAll();
  EXPECT_TRUE(output_->state().ok());
  Write("x");
  output_->ReadAll();
  EXPECT_EQ(output_->state().message(), "fectld --try writes without end");
  EXPECT_EQ(loop_->watched(), 0U);
}

TEST_F(HelperOutputTest, OfTheNextProcessBeginsAnew) {
  Write("01234567890");
  output_->ReadAll();
  ASSERT_TRUE(output_->Open(&write_).ok());
  EXPECT_TRUE(output_->state().ok());
  Write("next");
  output_->ReadAll();
  EXPECT_EQ(output_->text(), "next");
}

}  // namespace
}  // namespace fectl::runtime
