#include "master/runtime/views/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "master/core/boundary/policy.h"

namespace fectl::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Kept final : events::EventSink {
  explicit Kept(std::vector<std::pair<uint64_t, std::string>>* all) : all_(all) {}
  void AppendEvent(uint64_t sequence, std::string json) override {
    all_->emplace_back(sequence, std::move(json));
  }
  std::vector<std::pair<uint64_t, std::string>>* all_;
};

class EventStreamTest : public testing::Test {
 protected:
  static std::string NameOf(core::ServiceId id) { return "service" + std::to_string(id); }

  std::vector<std::string> Types() const {
    std::vector<std::string> types;
    for (const auto& [number, json] : kept_) {
      const size_t begin = json.find("\"type\":\"") + 8;
      types.push_back(json.substr(begin, json.find('"', begin) - begin));
    }
    return types;
  }

  core::Supervisor supervisor_{core::FirstPlans({{.name = "web", .num = 1}}), 0x12349c1f};
  std::vector<std::pair<uint64_t, std::string>> kept_;
  Kept sink_{&kept_};
  EventStream stream_{&supervisor_, &sink_};
};

TEST_F(EventStreamTest, NumbersAreOneStream) {
  stream_.Tell({.type = proto::EventType::kMasterStarted});
  core::Effects effects;
  supervisor_.Boot({core::Instant{1}, 0}, effects);
  stream_.Tell(effects, NameOf);
  effects.clear();
  supervisor_.Step(core::Spawned{{0, 0, 1}, 71}, {core::Instant{2}, 0}, effects);
  stream_.Tell(effects, NameOf);
  stream_.Tell({.type = proto::EventType::kMasterStopping});
  EXPECT_THAT(Types(),
              ElementsAre("master.started", "service.starting", "worker.started", "master.stopping"));
  for (size_t i = 0; i < kept_.size(); ++i) {
    EXPECT_EQ(kept_[i].first, i + 1);
    EXPECT_THAT(kept_[i].second,
                testing::StartsWith("{\"seq\":" + std::to_string(i + 1) + ",\"boot\":\"9c1f\","));
  }
  EXPECT_THAT(kept_[2].second, HasSubstr("\"service\":\"service0\",\"worker\":1,\"gen\":1,\"pid\":71"));
}

TEST_F(EventStreamTest, SocketsAreToldOfWhenTheyComeAndGo) {
  const auto socket = [](ListenerId id, const std::string& name) {
    SharedSocket one;
    one.listener = id;
    one.name = name;
    one.address = "127.0.0.1:80";
    return one;
  };
  stream_.TellOfSockets({socket(1, "http"), socket(2, "admin")});
  stream_.TellOfSockets({socket(1, "web"), socket(2, "admin")});  // another name is the same listener
  stream_.TellOfSockets({socket(3, "admin"), socket(1, "web")});
  EXPECT_THAT(Types(), ElementsAre("socket.opened", "socket.opened", "socket.closed", "socket.opened"));
  EXPECT_THAT(kept_[2].second, HasSubstr("{\"socket\":\"admin\",\"address\":\"127.0.0.1:80\"}"));
}

}  // namespace
}  // namespace fectl::runtime
