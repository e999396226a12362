#include "master/runtime/workers/order_queue.h"

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
#include <vector>

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

// Payloads that can be read now and, by turns of the loop, until there are `count`.
std::vector<std::string> ReadPayloads(platform::EventLoop* loop, int fd, size_t count) {
  proto::FrameReader reader(proto::kBaseFrameBytesMax);
  std::vector<std::string> payloads;
  std::array<char, 4096> buffer;
  while (payloads.size() < count) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got > 0) reader.Append(std::string_view(buffer.data(), static_cast<size_t>(got)));
    while (true) {
      auto payload = *reader.Next();
      if (!payload.has_value()) break;
      payloads.emplace_back(*payload);
    }
    if (got <= 0) {
      EXPECT_TRUE(loop->Turn(-1).ok());
    }
  }
  EXPECT_FALSE(reader.mid_frame());
  return payloads;
}

TEST_F(OrderQueueTest, CommandsOvertakeMessagesThatHaveNotBegun) {
  const std::string large(60'000, 'x');
  const std::string small(1'000, 'y');
  EXPECT_TRUE(queue_->PushMessage(large));  // begins, and does not fit the pipe
  EXPECT_TRUE(queue_->PushMessage(large));
  EXPECT_TRUE(queue_->PushMessage(small));
  EXPECT_FALSE(queue_->PushMessage(large)) << "more than kMessageBytesMax";
  EXPECT_TRUE(queue_->Push(kOrder));
  EXPECT_EQ(ReadPayloads(loop_.get(), worker_.get(), 4),
            (std::vector<std::string>{large, std::string(kOrder), large, small}));
  EXPECT_TRUE(queue_->PushMessage(small));
  EXPECT_EQ(ReadPayloads(loop_.get(), worker_.get(), 1), (std::vector<std::string>{small}));
}

TEST_F(OrderQueueTest, AMessageThatIsNotReadLeavesRoomForCommands) {
  EXPECT_TRUE(queue_->PushMessage(std::string(60'000, 'x')));
  EXPECT_TRUE(queue_->PushMessage(std::string(60'000, 'x')));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(queue_->Push(kOrder)) << i;
}

TEST_F(OrderQueueTest, RefusedMessagesLeaveTheQueueAndTheOneThatHasBegunIsWhole) {
  const std::string large(60'000, 'x');
  EXPECT_TRUE(queue_->PushMessage(large));
  EXPECT_TRUE(queue_->PushMessage("1"));
  queue_->RefuseMessages();
  EXPECT_FALSE(queue_->PushMessage("2"));
  EXPECT_TRUE(queue_->Push(kOrder));
  EXPECT_EQ(ReadPayloads(loop_.get(), worker_.get(), 2),
            (std::vector<std::string>{large, std::string(kOrder)}));
}

TEST_F(OrderQueueTest, WorkerThatHasGoneIsNoErrorAndNoticedAtTheFirstOrder) {
  EXPECT_FALSE(queue_->closed());
  worker_.reset();
  signal(SIGPIPE, SIG_IGN);
  EXPECT_FALSE(queue_->Push(kOrder));
  EXPECT_TRUE(queue_->closed());
  EXPECT_FALSE(queue_->Push(kOrder));
  EXPECT_EQ(loop_->watched(), 0U);
  EXPECT_EQ(deaf_, 1);
}

TEST_F(OrderQueueTest, WorkerThatReadsNoMoreIsNoticedWithoutAnOrder) {
  EXPECT_TRUE(queue_->Push(kOrder));
  worker_.reset();
  ASSERT_TRUE(loop_->Turn(-1).ok());
  EXPECT_TRUE(queue_->closed());
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
