#include "worker_sdk/outbox.h"

#include "gtest/gtest.h"

namespace fectl::internal {
namespace {

using Kind = Outbox::Kind;

std::string Drain(Outbox& outbox) {
  std::string all;
  while (!outbox.empty()) {
    all += std::string(outbox.front()) + "|";
    outbox.Sent(outbox.front().size());
  }
  return all;
}

TEST(OutboxTest, KeepsTheOrder) {
  Outbox outbox;
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.front(), "");
  EXPECT_TRUE(outbox.Push(Kind::kLoaded, "loaded"));
  EXPECT_TRUE(outbox.Push(Kind::kMessage, "m1"));
  EXPECT_TRUE(outbox.Push(Kind::kStatus, "s"));
  EXPECT_TRUE(outbox.Push(Kind::kMessage, "m2"));
  EXPECT_EQ(Drain(outbox), "loaded|m1|s|m2|");
}

TEST(OutboxTest, HeartbeatIsNotQueuedBehindAnything) {
  Outbox outbox;
  EXPECT_TRUE(outbox.Push(Kind::kHeartbeat, "hb"));
  EXPECT_FALSE(outbox.Push(Kind::kHeartbeat, "hb"));
  EXPECT_EQ(Drain(outbox), "hb|");
}

TEST(OutboxTest, NewestOfAKindReplacesTheUnsentOne) {
  Outbox outbox;
  outbox.Push(Kind::kStatus, "old");
  outbox.Push(Kind::kReload, "reload");
  outbox.Push(Kind::kStatus, "new");
  outbox.Push(Kind::kReload, "reload");
  EXPECT_EQ(Drain(outbox), "new|reload|");
}

TEST(OutboxTest, BegunFrameIsFinishedAndNotReplaced) {
  Outbox outbox;
  outbox.Push(Kind::kStatus, "first");
  outbox.Sent(2);
  outbox.Push(Kind::kStatus, "second");
  outbox.Push(Kind::kStatus, "third");
  EXPECT_EQ(Drain(outbox), "rst|third|");
}

TEST(OutboxTest, MessagesAreBounded) {
  Outbox outbox;
  const std::string half(Outbox::kMessageBytesMax / 2, 'x');
  EXPECT_TRUE(outbox.Push(Kind::kMessage, half));
  EXPECT_TRUE(outbox.Push(Kind::kMessage, half));
  EXPECT_FALSE(outbox.Push(Kind::kMessage, "x"));
  EXPECT_TRUE(outbox.Push(Kind::kStopping, "always"));
  outbox.Sent(half.size());
  EXPECT_TRUE(outbox.Push(Kind::kMessage, "x"));
  outbox.Clear();
  EXPECT_TRUE(outbox.empty());
  EXPECT_TRUE(outbox.Push(Kind::kMessage, std::string(Outbox::kMessageBytesMax, 'y')));
}

}  // namespace
}  // namespace fectl::internal
