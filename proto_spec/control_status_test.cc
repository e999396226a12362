#include "proto_spec/control_status.h"

#include <limits>

#include "gtest/gtest.h"

namespace fectl::proto {
namespace {

ServiceView Whole() {
  ServiceView service{.name = "web",
                      .state = "reloading",
                      .num = 2,
                      .ready = 1,
                      .uptime_s = 12.5,
                      .restarts = 3,
                      .cause = "killed by signal 9",
                      .sockets = {{"http", "127.0.0.1:8080"}, {"admin", "/run/a b.sock"}},
                      .still_leaving = 2,
                      .undrained = 3,
                      .undrained_sigterm = 1,
                      .workers = {},
                      .events = {}};
  service.workers.push_back({.index = 1,
                             .state = "waiting",
                             .pid = 0,
                             .uptime_s = 0,
                             .restarts = 3,
                             .cause = "exit code 1",
                             .note = "warming \xE2\x82\xAC \"40 %\"",
                             .retry_in_s = 0.25,
                             .leaving = {7, 8},
                             .gauges = {{"rps", 12.5}, {"open", 3}},
                             .leaving_processes = {{7, 100.5, 12.25, 17.75}, {8, 3, 2, 0}},
                             .last_lines = "Traceback:\n  KeyError: 'price'\n",
                             .busy = "model load",
                             .busy_left_s = 41.5});
  service.workers.push_back({.index = 2, .state = "running", .pid = 4242, .uptime_s = 1e-3});
  service.events.push_back({1, 1'700'000'000, 4241, "failed", "exit code 1"});
  return service;
}

TEST(ServiceViewTest, SurvivesTheWire) {
  const absl::StatusOr<ServiceView> decoded = DecodeServiceView(EncodeServiceView(Whole()));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, Whole());
}

TEST(ServiceViewTest, EmptyOneToo) {
  const absl::StatusOr<ServiceView> decoded = DecodeServiceView(EncodeServiceView(ServiceView{}));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, ServiceView{});
}

TEST(ServiceViewTest, MissingAndNullMembersKeepTheirDefaults) {
  const auto decoded =
      DecodeServiceView(R"({"name":"web","cause":null,"workers":[{"pid":null}],"new":{"x":[1]}})");
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->name, "web");
  EXPECT_EQ(decoded->cause, "");
  ASSERT_EQ(decoded->workers.size(), 1u);
  EXPECT_EQ(decoded->workers[0], WorkerView{});
}

TEST(ServiceViewTest, TheLastOfTwoMembersCounts) {
  EXPECT_EQ(DecodeServiceView(R"({"name":"a","name":"b"})")->name, "b");
}

TEST(ServiceViewTest, RefusesMembersOfAnotherType) {
  for (std::string_view data : {"",
                                "1",
                                "[]",
                                R"({"name":1})",
                                R"({"num":"2"})",
                                R"({"num":1.5})",
                                R"({"num":4294967296})",
                                R"({"uptime_s":"1"})",
                                R"({"restarts":1e30})",
                                R"({"sockets":{}})",
                                R"({"sockets":[1]})",
                                R"({"sockets":[{"name":1}]})",
                                R"({"workers":[[]]})",
                                R"({"workers":[{"state":1}]})",
                                R"({"workers":[{"leaving":["7"]}]})",
                                R"({"workers":[{"leaving_processes":[7]}]})",
                                R"({"still_leaving":"1"})",
                                R"({"workers":[{"gauges":[]}]})",
                                R"({"workers":[{"gauges":{"a":"1"}}]})",
                                R"({"events":[{"timestamp":0.5}]})"}) {
    EXPECT_EQ(DecodeServiceView(data).status().code(), absl::StatusCode::kInvalidArgument) << data;
  }
  EXPECT_EQ(DecodeServiceView(R"({"num":"2"})").status().message(), "num is not a whole number");
}

TEST(ServiceViewTest, NumbersThatJsonDoesNotHaveBecomeZero) {
  ServiceView service;
  service.uptime_s = std::numeric_limits<double>::infinity();
  EXPECT_EQ(DecodeServiceView(EncodeServiceView(service))->uptime_s, 0);
}

TEST(MasterViewTest, LeavesOutEvents) {
  const MasterView view{.pid = 17, .version = "1.0.0", .uptime_s = 60, .services = {Whole(), ServiceView{}}};
  const absl::StatusOr<MasterView> decoded = DecodeMasterView(EncodeMasterView(view));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  MasterView expected = view;
  expected.services[0].events.clear();
  EXPECT_EQ(*decoded, expected);
  EXPECT_EQ(EncodeMasterView(view).find("workers"), EncodeMasterView(view).rfind("\"workers\"") + 1)
      << "a service without workers has none";
}

TEST(MasterViewTest, RefusesWhatIsNoView) {
  for (std::string_view data : {"", "[]", R"({"services":{}})", R"({"services":[null]})", R"({"pid":"1"})"}) {
    EXPECT_FALSE(DecodeMasterView(data).ok()) << data;
  }
}

}  // namespace
}  // namespace fectl::proto
