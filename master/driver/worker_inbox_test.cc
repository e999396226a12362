#include "master/driver/worker_inbox.h"

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "master/core/boundary/events.h"
#include "proto_spec/frame.h"
#include "proto_spec/worker_messages.h"

namespace fectl::driver {
namespace {

using Kind = proto::WorkerMessage::Kind;

constexpr core::Incarnation kWho{.service = 3, .slot = 1, .generation = 7};

class Recorded : public EventSink {
 public:
  void Emit(core::Event event) override { events.push_back(std::move(event)); }
  void OnAppMessage(const core::Incarnation& who, const std::string& json) override {
    EXPECT_EQ(who, kWho);
    messages.push_back(json);
  }
  std::vector<core::Event> events;
  std::vector<std::string> messages;
};

std::string Framed(std::string_view payload) {
  std::string bytes;
  EXPECT_TRUE(proto::AppendFrame(payload, proto::Level::kBase, &bytes).ok());
  return bytes;
}

std::string Framed(const proto::WorkerMessage& message) {
  return Framed(proto::EncodeWorkerMessage(message));
}

template <typename Event>
const Event* At(const Recorded& sink, size_t index) {
  return index < sink.events.size() ? std::get_if<Event>(&sink.events[index]) : nullptr;
}

TEST(WorkerInbox, EveryMessageButLoadedIsAHeartbeatAsWell) {
  const std::vector<std::pair<Kind, size_t>> cases = {
      {Kind::kHeartbeat, 1}, {Kind::kLoaded, 1},      {Kind::kReload, 2}, {Kind::kRestart, 2},
      {Kind::kStopping, 2},  {Kind::kConfigError, 2}, {Kind::kStatus, 1}};
  for (const auto& [kind, events] : cases) {
    Recorded sink;
    WorkerInbox inbox(kWho, &sink);
    inbox.Append(Framed({.kind = kind, .text = "why"}));
    ASSERT_EQ(sink.events.size(), events) << proto::WireWord(kind);
    EXPECT_EQ(std::holds_alternative<core::WorkerBeat>(sink.events[0]), kind != Kind::kLoaded);
  }
}

TEST(WorkerInbox, WhatItAsksForIsToldWithItsWords) {
  Recorded sink;
  WorkerInbox inbox(kWho, &sink);
  inbox.Append(Framed({.kind = Kind::kReload}) + Framed({.kind = Kind::kRestart}) +
               Framed({.kind = Kind::kStopping, .text = "enough requests"}) +
               Framed({.kind = Kind::kConfigError, .text = "no such application"}));
  ASSERT_EQ(sink.events.size(), 8U);
  EXPECT_EQ(*At<core::WorkerAsked>(sink, 1), (core::WorkerAsked{kWho, core::Urgency::kReload, false, ""}));
  EXPECT_EQ(*At<core::WorkerAsked>(sink, 3), (core::WorkerAsked{kWho, core::Urgency::kRestart, false, ""}));
  EXPECT_EQ(*At<core::WorkerAsked>(sink, 5),
            (core::WorkerAsked{kWho, core::Urgency::kReload, true, "enough requests"}));
  EXPECT_EQ(At<core::WorkerConfigError>(sink, 7)->words, "no such application");
}

TEST(WorkerInbox, LevelNoteAndGaugesAreTheNewest) {
  Recorded sink;
  WorkerInbox inbox(kWho, &sink);
  EXPECT_FALSE(inbox.loaded());
  EXPECT_EQ(inbox.level(), 1);
  inbox.Append(Framed({.kind = Kind::kLoaded, .level = 2}) + Framed({.kind = Kind::kStatus, .text = "warm"}) +
               Framed({.kind = Kind::kHeartbeat, .gauges = {{"open", 4}}}) +
               Framed({.kind = Kind::kHeartbeat}));
  EXPECT_TRUE(inbox.loaded());
  EXPECT_EQ(inbox.level(), 2);
  EXPECT_EQ(inbox.note(), "warm");
  EXPECT_EQ(inbox.gauges(), (std::vector<std::pair<std::string, double>>{{"open", 4}}));
}

TEST(WorkerInbox, MessagesOfTheApplicationGoToWhoeverListens) {
  Recorded sink;
  WorkerInbox inbox(kWho, &sink);
  inbox.Append(Framed({.kind = Kind::kLoaded, .level = 2}) +
               Framed({.kind = Kind::kAppMessage, .text = R"({"a":1})"}));
  EXPECT_EQ(sink.messages, std::vector<std::string>{R"({"a":1})"});
}

TEST(WorkerInbox, MessagesMayComeByteByByte) {
  Recorded sink;
  WorkerInbox inbox(kWho, &sink);
  const std::string bytes = Framed({.kind = Kind::kLoaded, .level = 2});
  for (size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_TRUE(sink.events.empty());
    EXPECT_EQ(inbox.inside_message(), i > 0);
    inbox.Append(bytes.substr(i, 1));
  }
  EXPECT_FALSE(inbox.inside_message());
  EXPECT_EQ(At<core::WorkerLoaded>(sink, 0)->who, kWho);
}

TEST(WorkerInbox, NothingIsUnderstoodBehindWhatIsNoMessage) {
  Recorded sink;
  WorkerInbox inbox(kWho, &sink);
  inbox.Append(Framed({.kind = Kind::kHeartbeat}) + Framed("what is this?") +
               Framed({.kind = Kind::kHeartbeat}));
  inbox.Append(Framed({.kind = Kind::kLoaded}).substr(0, 3));
  ASSERT_EQ(sink.events.size(), 2U);
  ASSERT_NE(At<core::WorkerViolated>(sink, 1), nullptr);
  EXPECT_NE(At<core::WorkerViolated>(sink, 1)->words.find("what is this?"), std::string::npos);
  EXPECT_TRUE(inbox.broken());
  EXPECT_FALSE(inbox.loaded());
  EXPECT_FALSE(inbox.inside_message());
}

}  // namespace
}  // namespace fectl::driver
