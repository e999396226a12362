#include "proto_spec/rollout/control_rollout.h"

#include <gtest/gtest.h>

#include <string>

namespace fectl::proto {
namespace {

std::string Encode(const RolloutView& rollout) {
  JsonText json;
  json.BeginObject();
  AppendRolloutMembers(rollout, &json);
  json.EndObject();
  return json.Take();
}

bool Decode(const std::string& text, RolloutView* rollout) {
  const JsonTree tree(text);
  return ReadRolloutMembers(tree.root(), rollout);
}

TEST(ControlRollout, IsReadAsItWasWritten) {
  const RolloutView rollout{.outcome = "rolled back",
                            .took_s = 5.5,
                            .back_s = 0.25,
                            .words = "worker(1) exited with code 1",
                            .kept = true,
                            .num = 2,
                            .new_workers = 1,
                            .workers = {{.worker = 1,
                                         .pid = 12,
                                         .old_pid = 3,
                                         .load_s = 1.5,
                                         .rss = 1 << 20,
                                         .old_rss = 4096,
                                         .served_s = 4,
                                         .end = "exited with code 1"}}};
  RolloutView read;
  ASSERT_TRUE(Decode(Encode(rollout), &read));
  EXPECT_EQ(read, rollout);
}

TEST(ControlRollout, AbsentMembersKeepTheirDefaults) {
  RolloutView read;
  ASSERT_TRUE(Decode(R"({"outcome":"done","later":[1]})", &read));
  EXPECT_EQ(read, RolloutView{.outcome = "done"});
}

TEST(ControlRollout, OtherTypesAreRefused) {
  for (const char* const text : {R"({"outcome":1})", R"({"took_s":-1})", R"({"workers":{}})",
                                 R"({"num":"2"})", R"({"workers":[1]})", R"([])"}) {
    RolloutView read;
    EXPECT_FALSE(Decode(text, &read)) << text;
  }
}

}  // namespace
}  // namespace fectl::proto
