#include "client/session/base_view.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

using proto::BaseEvent;
using proto::BaseReason;
using proto::BaseServiceState;
using proto::BaseServiceStatus;
using proto::BaseState;

BaseEvent Event(BaseState state, int64_t timestamp, int64_t pid, BaseReason reason = {}) {
  BaseEvent event;
  event.state = state;
  event.timestamp = timestamp;
  event.pid = pid;
  event.reason = std::move(reason);
  return event;
}

BaseReason Reason(BaseReason::Kind kind, int64_t number = 0) {
  BaseReason reason;
  reason.kind = kind;
  reason.number = number;
  return reason;
}

TEST(BaseView, TellsWhatTheEventsTell) {
  BaseServiceStatus status;
  status.state = BaseServiceState::kRunning;
  status.workers.resize(2);
  status.workers[0].index = 1;
  status.workers[0].events = {
      Event(BaseState::kStarting, 100, 11, Reason(BaseReason::Kind::kInitial)),
      Event(BaseState::kRunning, 101, 11),
  };
  status.workers[1].index = 2;
  status.workers[1].events = {
      Event(BaseState::kStarting, 100, 12, Reason(BaseReason::Kind::kInitial)),
      Event(BaseState::kStarting, 150, 13, Reason(BaseReason::Kind::kSignal, 9)),
  };
  const proto::ServiceView view = ViewOfBaseStatus("web", status, 160);
  EXPECT_EQ(view.name, "web");
  EXPECT_EQ(view.state, "running");
  EXPECT_EQ(view.num, 2);
  EXPECT_EQ(view.ready, 1);
  EXPECT_EQ(view.restarts, kUnknownCount);
  EXPECT_EQ(view.uptime_s, 60);
  ASSERT_EQ(view.workers.size(), 2u);
  EXPECT_EQ(view.workers[0].state, "running");
  EXPECT_EQ(view.workers[0].pid, 11);
  EXPECT_EQ(view.workers[0].cause, "");
  EXPECT_EQ(view.workers[1].state, "starting");
  EXPECT_EQ(view.workers[1].pid, 13);
  EXPECT_EQ(view.workers[1].uptime_s, 10);
  EXPECT_NE(view.workers[1].cause, "");
  EXPECT_EQ(view.cause, "worker(2): " + view.workers[1].cause);
  ASSERT_EQ(view.events.size(), 4u);
  EXPECT_EQ(view.events[0].worker, 1);
  EXPECT_EQ(view.events[1].worker, 2);
  EXPECT_EQ(view.events[3].timestamp, 150);
}

TEST(BaseView, AWorkerWhoseReplacementFailedServes) {
  BaseServiceStatus status;
  status.workers.resize(1);
  status.workers[0].events = {
      Event(BaseState::kReloadFailed, 100, 11, Reason(BaseReason::Kind::kNewProcessDied))};
  const proto::ServiceView view = ViewOfBaseStatus("web", status, 160);
  EXPECT_EQ(view.workers[0].state, "running");
  EXPECT_EQ(view.events[0].state, "reload failed");
}

TEST(BaseView, AStoppedWorkerHasNoPid) {
  BaseServiceStatus status;
  status.state = BaseServiceState::kStopped;
  status.workers.resize(2);
  status.workers[0].events = {Event(BaseState::kStopped, 100, 11)};
  const proto::ServiceView view = ViewOfBaseStatus("web", status, 160);
  EXPECT_EQ(view.workers[0].pid, 0);
  EXPECT_EQ(view.workers[0].uptime_s, 0);
  EXPECT_EQ(view.workers[1].state, "");
  EXPECT_EQ(view.ready, 0);
}

TEST(BaseView, FindsTheNewestFailure) {
  BaseServiceStatus status;
  EXPECT_EQ(LastFailure(status), "");
  status.workers.resize(2);
  status.workers[0].index = 1;
  status.workers[0].events = {Event(BaseState::kFailed, 100, 0, Reason(BaseReason::Kind::kExitCode, 3)),
                              Event(BaseState::kStarting, 200, 5, Reason(BaseReason::Kind::kConsoleRequest))};
  status.workers[1].index = 2;
  status.workers[1].events = {Event(BaseState::kFailed, 150, 0, Reason(BaseReason::Kind::kExitCode, 4))};
  EXPECT_EQ(LastFailure(status), "worker(2): " + proto::InWords(Reason(BaseReason::Kind::kExitCode, 4)));
}

}  // namespace
}  // namespace fectl::client
