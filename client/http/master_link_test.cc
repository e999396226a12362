#include "client/http/master_link.h"

#include <poll.h>

#include <string>
#include <vector>

#include "client/session/clock.h"
#include "client/testing/fake_control_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::http {
namespace {

using client::Answer;
using client::FakeControlServer;
using client::FakeStep;
using client::MonotonicMs;
using proto::Response;
using proto::Verb;
using testing::HasSubstr;

constexpr int64_t kDeadlineMs = 20'000;

std::vector<FakeStep> Tells(const proto::Request& request) {
  Response response;
  response.kind = request.verb == Verb::kPing ? Response::Kind::kPong : Response::Kind::kOverview;
  response.overview.pid = 17;
  return {Answer(response)};
}

// Turns of a loop until it holds.
template <typename Condition>
bool Until(MasterLink* link, Condition holds) {
  const int64_t deadline = MonotonicMs() + kDeadlineMs;
  while (!holds()) {
    if (MonotonicMs() > deadline) return false;
    pollfd ready = {link->fd(), link->poll_events(), 0};
    poll(&ready, 1, 100);
    link->OnReady(ready.revents, MonotonicMs());
    link->OnTime(MonotonicMs());
  }
  return true;
}

TEST(MasterLink, BringsASignAndAView) {
  FakeControlServer server(Tells);
  MasterLink link(server.path());
  EXPECT_EQ(link.fd(), -1);
  const int64_t now = MonotonicMs();
  link.WantSign(now, now);
  link.WantView(now, now);
  ASSERT_TRUE(
      Until(&link, [&] { return link.sign_state().asked_ms >= 0 && link.view_state().asked_ms >= 0; }));
  EXPECT_EQ(link.view().pid, 17);
  EXPECT_EQ(link.view_number(), 1U);
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST(MasterLink, LooksAtOneService) {
  FakeControlServer server([](const proto::Request& request) {
    Response response;
    const bool known = request.service == "web";
    response.kind = known ? Response::Kind::kInspect : Response::Kind::kErrorUnknownService;
    response.inspect.name = request.service;
    return std::vector<FakeStep>{Answer(response)};
  });
  MasterLink link(server.path());
  for (const char* name : {"web", "nope"}) {
    EXPECT_EQ(link.service_state(name).asked_ms, -1);
    link.WantService(name, MonotonicMs(), MonotonicMs());
  }
  ASSERT_TRUE(Until(&link, [&] {
    return link.service_state("web").asked_ms >= 0 && link.service_state("nope").asked_ms >= 0;
  }));
  ASSERT_NE(link.service("web"), nullptr);
  EXPECT_EQ(link.service("web")->name, "web");
  EXPECT_EQ(link.service("nope"), nullptr);
}

TEST(MasterLink, HoweverManyAskFectldIsAskedOnce) {
  FakeControlServer server(Tells);
  MasterLink link(server.path());
  const int64_t now = MonotonicMs();
  for (int i = 0; i < 100; ++i) link.WantView(now, now);
  ASSERT_TRUE(Until(&link, [&] { return link.view_number() == 1; }));
  for (int i = 0; i < 100; ++i) link.WantView(link.view_state().asked_ms + kFreshMs, MonotonicMs());
  EXPECT_EQ(server.requests().size(), 1U);
  link.WantView(link.view_state().asked_ms + kFreshMs + 1, MonotonicMs());
  ASSERT_TRUE(Until(&link, [&] { return link.view_number() == 2; }));
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST(MasterLink, NobodyThereIsKnownAtOnce) {
  MasterLink link("/nowhere/fectld.sock");
  const int64_t now = MonotonicMs();
  link.WantView(0, now);
  EXPECT_EQ(link.view_state().failed_ms, now);
  EXPECT_EQ(link.sign_state().failed_ms, -1);
  EXPECT_THAT(link.trouble(), HasSubstr("no fectld is listening on /nowhere/fectld.sock"));
}

TEST(MasterLink, ComesBackWhenFectldDoes) {
  bool ends = true;
  FakeControlServer server([&](const proto::Request& request) {
    if (!ends) return Tells(request);
    ends = false;
    return std::vector<FakeStep>{client::Close()};
  });
  MasterLink link(server.path());
  link.WantView(MonotonicMs(), MonotonicMs());
  ASSERT_TRUE(Until(&link, [&] { return link.view_state().failed_ms >= 0; }));
  EXPECT_THAT(link.trouble(), HasSubstr("closed the connection"));
  link.WantView(MonotonicMs(), MonotonicMs());
  ASSERT_TRUE(Until(&link, [&] { return link.view_number() == 1; }));
  EXPECT_EQ(link.view_state().failed_ms, -1);
}

TEST(MasterLink, SaysThatItIsNotPermitted) {
  FakeControlServer server([](const proto::Request&) {
    return std::vector<FakeStep>{Answer(Response::Kind::kErrorNotPermitted, "user bob has no role")};
  });
  MasterLink link(server.path());
  link.WantView(MonotonicMs(), MonotonicMs());
  ASSERT_TRUE(Until(&link, [&] { return link.view_state().failed_ms >= 0; }));
  EXPECT_THAT(link.trouble(), HasSubstr("user bob has no role"));
}

TEST(MasterLink, AFectldOfAnotherTimeIsTooOld) {
  for (const int version : {1, 2}) {
    FakeControlServer server(Tells, FakeControlServer::Hello::kAnswer, version);
    MasterLink link(server.path());
    link.WantView(MonotonicMs(), MonotonicMs());
    ASSERT_TRUE(Until(&link, [&] { return link.view_state().failed_ms >= 0; })) << version;
    EXPECT_THAT(link.trouble(), HasSubstr("too old")) << version;
  }
}

TEST(MasterLink, ProcessesOfAnotherMachineAreNotTakenForOnesOfThis) {
  FakeControlServer server(Tells);  // which says that it is another process than it is
  MasterLink link(server.path());
  link.WantView(MonotonicMs(), MonotonicMs());
  ASSERT_TRUE(Until(&link, [&] { return link.view_number() == 1; }));
  EXPECT_FALSE(link.is_here());
}

}  // namespace
}  // namespace fectl::http
