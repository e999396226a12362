#include "master/runtime/order_queue.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "master/platform/children/pipes.h"
#include "master/platform/loop/event_loop.h"
#include "proto_spec/frame.h"

namespace fectl::runtime {
namespace {

class OrderQueueTest : public testing::Test {
 protected:
  void SetUp() override {
    loop_ = *platform::EventLoop::Create();
    auto pipes = *platform::OpenChannelPipes();
    worker_ = std::move(pipes.worker_read);
    fcntl(worker_.get(), F_SETFL, O_NONBLOCK);
    // The smallest pipe that the kernel gives: a page.
    fcntl(pipes.master_write.get(), F_SETPIPE_SZ, 4096);
    queue_ = std::make_unique<OrderQueue>(loop_.get(), std::move(pipes.master_write), [this] { ++deaf_; });
  }

  // All complete payloads that can be read now.
  int ReadAll() {
    std::array<char, 4096> buffer;
    int frames = 0;
    for (;;) {
      const ssize_t got = read(worker_.get(), buffer.data(), buffer.size());
      if (got <= 0) return frames;
      reader_.Append(std::string_view(buffer.data(), static_cast<size_t>(got)));
      for (;;) {
        auto payload = *reader_.Next();
        if (!payload.has_value()) break;
        EXPECT_EQ(*payload, kOrder);
        ++frames;
      }
    }
  }

  static constexpr std::string_view kOrder = R"({"cmd":"start"})";
  std::unique_ptr<platform::EventLoop> loop_;
  base::UniqueFd worker_;
  std::unique_ptr<OrderQueue> queue_;
  proto::FrameReader reader_{proto::kBaseFrameBytesMax};
  int deaf_ = 0;
};

TEST_F(OrderQueueTest, WritesAtOnce) {
  EXPECT_TRUE(queue_->Push(kOrder));
  EXPECT_EQ(ReadAll(), 1);
  EXPECT_EQ(deaf_, 0);
}

TEST_F(OrderQueueTest, KeepsWhatTheWorkerDoesNotReadUpToItsBoundAndNeverTearsAFrame) {
  int accepted = 0;
  while (queue_->Push(kOrder)) {
    ASSERT_LT(++accepted, 10'000) << "grows without bound";
  }
  int received = ReadAll();
  while (received < accepted) {
    ASSERT_TRUE(loop_->Turn(-1).ok());
    received += ReadAll();
  }
  EXPECT_EQ(received, accepted);
  EXPECT_FALSE(reader_.mid_frame());
  EXPECT_TRUE(queue_->Push(kOrder));  // takes more again
  EXPECT_EQ(ReadAll(), 1);
}

TEST_F(OrderQueueTest, WorkerThatHasGoneIsNoErrorAndNoticedAtTheFirstOrder) {
  EXPECT_FALSE(queue_->deaf());
  worker_.reset();
  signal(SIGPIPE, SIG_IGN);
  EXPECT_FALSE(queue_->Push(kOrder));
  EXPECT_TRUE(queue_->deaf());
  EXPECT_FALSE(queue_->Push(kOrder));
  EXPECT_EQ(loop_->watched(), 0U);
  EXPECT_EQ(deaf_, 1);
}

TEST_F(OrderQueueTest, WorkerThatReadsNoMoreIsNoticedWithoutAnOrder) {
  EXPECT_TRUE(queue_->Push(kOrder));
  worker_.reset();
  ASSERT_TRUE(loop_->Turn(-1).ok());
  EXPECT_TRUE(queue_->deaf());
  EXPECT_EQ(deaf_, 1);
  EXPECT_FALSE(queue_->Push(kOrder));
  EXPECT_EQ(loop_->watched(), 0U);
  EXPECT_EQ(deaf_, 1);
}

// A pipe that has room but no orders to send must not keep the loop awake.
TEST_F(OrderQueueTest, IsQuietOnceEverythingIsSent) {
  while (queue_->Push(kOrder)) {
  }
  while (ReadAll() > 0) ASSERT_TRUE(loop_->Turn(1'000'000'000).ok());
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(loop_->Turn(50'000'000).ok());
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(45));
}

}  // namespace
}  // namespace fectl::runtime
