#include "client/session/operation.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fectl::client {
namespace {

using proto::Level;
using proto::Request;
using proto::Response;

Response Of(Response::Kind kind, std::string text = "") {
  Response response;
  response.kind = kind;
  response.text = std::move(text);
  return response;
}

// The line after one answer which needs no second question.
std::string LineAfter(CommandKind command, const Response& answer, Level level = Level::kBase) {
  Operation operation(command, "web", level);
  EXPECT_EQ(operation.OnAnswer(answer, 1200), std::nullopt);
  return (operation.result().ok ? "ok: " : "not: ") + operation.result().line;
}

TEST(Operation, AsksForItsVerb) {
  const std::pair<CommandKind, Request::Verb> verbs[] = {
      {CommandKind::kStart, Request::Verb::kStart},   {CommandKind::kStop, Request::Verb::kStop},
      {CommandKind::kReload, Request::Verb::kReload}, {CommandKind::kRestart, Request::Verb::kRestart},
      {CommandKind::kPause, Request::Verb::kPause},   {CommandKind::kResume, Request::Verb::kResume},
  };
  for (const auto& [command, verb] : verbs) {
    const Request request = Operation(command, "web", Level::kBase).FirstRequest();
    EXPECT_EQ(request.verb, verb);
    EXPECT_EQ(request.service, "web");
  }
}

TEST(Operation, TellsWhatWasDone) {
  EXPECT_EQ(LineAfter(CommandKind::kReload, Of(Response::Kind::kServiceStarted)), "ok: reloaded (1.2 s)");
  EXPECT_EQ(LineAfter(CommandKind::kRestart, Of(Response::Kind::kServiceStarted)), "ok: restarted (1.2 s)");
  EXPECT_EQ(LineAfter(CommandKind::kStart, Of(Response::Kind::kDone)), "ok: started (1.2 s)");
  EXPECT_EQ(LineAfter(CommandKind::kStop, Of(Response::Kind::kServiceStopped), Level::kTwo),
            "ok: stopped (1.2 s)");
  EXPECT_EQ(LineAfter(CommandKind::kPause, Of(Response::Kind::kDone), Level::kTwo), "ok: paused (1.2 s)");
  EXPECT_EQ(LineAfter(CommandKind::kResume, Of(Response::Kind::kDone), Level::kTwo), "ok: resumed (1.2 s)");
}

TEST(Operation, CountsTheWorkersAtLevelTwo) {
  Operation operation(CommandKind::kReload, "web", Level::kTwo);
  const std::optional<Request> next = operation.OnAnswer(Of(Response::Kind::kServiceStarted), 1200);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->verb, Request::Verb::kInspect);
  EXPECT_EQ(next->service, "web");
  Response inspect = Of(Response::Kind::kInspect);
  inspect.inspect.num = inspect.inspect.ready = 4;
  EXPECT_EQ(operation.OnAnswer(inspect, 9999), std::nullopt);
  EXPECT_EQ(operation.result().line, "reloaded (4 workers, 1.2 s)");
  EXPECT_EQ(operation.result().answer, "ServiceStarted");
  EXPECT_EQ(operation.result().took_ms, 1200);
}

TEST(Operation, CountsFewerWorkersThanConfigured) {
  for (const auto& [ready, num, text] :
       {std::tuple{1, 1, "started (1 worker, 1.2 s)"}, std::tuple{3, 4, "started (3 of 4 workers, 1.2 s)"}}) {
    Operation operation(CommandKind::kStart, "web", Level::kTwo);
    operation.OnAnswer(Of(Response::Kind::kServiceStarted), 1200);
    Response inspect = Of(Response::Kind::kInspect);
    inspect.inspect.num = num;
    inspect.inspect.ready = ready;
    operation.OnAnswer(inspect, 1201);
    EXPECT_EQ(operation.result().line, text);
  }
}

// The answers to the looks at a reload's old workers, each so long after the first request; the last line.
struct Look {
  int64_t at_ms;
  int leaving;
  int undrained;
  int undrained_sigterm;
};

std::string LineAfterLooks(const std::vector<Look>& looks, const std::string& state = "running") {
  Operation operation(CommandKind::kReload, "web", Level::kTwo);
  std::optional<Request> next = operation.OnAnswer(Of(Response::Kind::kServiceStarted), 1200);
  for (const Look& look : looks) {
    EXPECT_TRUE(next.has_value() && next->verb == Request::Verb::kInspect) << look.at_ms;
    Response inspect = Of(Response::Kind::kInspect);
    inspect.inspect.state = state;
    inspect.inspect.num = inspect.inspect.ready = 2;
    inspect.inspect.still_leaving = look.leaving;
    inspect.inspect.undrained = look.undrained;
    inspect.inspect.undrained_sigterm = look.undrained_sigterm;
    next = operation.OnAnswer(inspect, look.at_ms);
  }
  EXPECT_EQ(next, std::nullopt);
  EXPECT_EQ(operation.result().took_ms, 1200);
  return operation.result().line;
}

TEST(Operation, UNCOOPERATIVE_LooksUntilNoOldWorkerIsLeft) {
  EXPECT_EQ(LineAfterLooks({{1201, 2, 0, 0}, {1220, 1, 0, 0}, {1240, 0, 0, 0}}),
            "reloaded (2 workers, 1.2 s)");
  EXPECT_EQ(LineAfterLooks({{1201, 2, 0, 0}, {1220, 0, 2, 2}}),
            "reloaded (2 workers, 1.2 s); 2 old workers ended without draining (SIGTERM)");
}

TEST(Operation, UNCOOPERATIVE_DoesNotLookForLong) {
  EXPECT_EQ(LineAfterLooks({{1201, 2, 0, 0}, {1699, 2, 0, 0}, {1700, 2, 0, 0}}),
            "reloaded (2 workers, 1.2 s); 2 old workers are still leaving");
  EXPECT_EQ(
      LineAfterLooks({{9999, 1, 1, 0}}),
      "reloaded (2 workers, 1.2 s); 1 old worker is still leaving; 1 old worker ended without draining");
  EXPECT_EQ(LineAfterLooks({{1201, 0, 3, 1}}),
            "reloaded (2 workers, 1.2 s); 3 old workers ended without draining (1 of them by SIGTERM)");
}

TEST(Operation, PAUSE_KEPT_AReplacementOfAPausedServiceSaysSo) {
  EXPECT_EQ(LineAfterLooks({{1201, 0, 0, 0}}, "paused"),
            "reloaded (2 workers, 1.2 s); it stays paused until fectl resume");
  Operation operation(CommandKind::kRestart, "web", Level::kTwo);
  operation.OnAnswer(Of(Response::Kind::kServiceStarted), 1200);
  Response inspect = Of(Response::Kind::kInspect);
  inspect.inspect.state = "paused";
  inspect.inspect.num = 2;  // of which none serves, as fectld may say
  operation.OnAnswer(inspect, 1201);
  EXPECT_EQ(operation.result().line, "restarted (2 workers, 1.2 s); it stays paused until fectl resume");
}

Response With(Response::Kind kind, proto::Outcome outcome, std::string text = "") {
  Response response = Of(kind, std::move(text));
  response.detail = std::move(outcome);
  return response;
}

TEST(Operation, AtLevelThreeTheAnswerHasEverything) {
  Operation operation(CommandKind::kReload, "web", Level::kThree);
  EXPECT_EQ(operation.FirstRequest().arguments, proto::RequestDetail(proto::LeaveWait{0.5}));
  const Response answer = With(Response::Kind::kServiceStarted, {.state = "running",
                                                                 .num = 2,
                                                                 .ready = 2,
                                                                 .replaced = 2,
                                                                 .still_leaving = 1,
                                                                 .undrained = 1,
                                                                 .undrained_sigterm = 1,
                                                                 .took_s = 1.2});
  EXPECT_EQ(operation.OnAnswer(answer, 1700), std::nullopt);
  EXPECT_EQ(operation.result().line,
            "reloaded (2 workers, 1.2 s); 1 old worker is still leaving; 1 old worker ended without draining "
            "(SIGTERM)");
  EXPECT_EQ(operation.result().took_ms, 1200);
  EXPECT_EQ(operation.result().old_workers->replaced, 2);
  EXPECT_EQ(Operation(CommandKind::kStop, "web", Level::kThree).FirstRequest().arguments,
            proto::RequestDetail());
}

TEST(Operation, AtLevelThreeAPausedServiceIsKnownAtOnce) {
  Operation operation(CommandKind::kStart, "web", Level::kThree);
  const Response answer = With(Response::Kind::kErrorServiceRunning, {.state = "paused", .num = 2});
  EXPECT_EQ(operation.OnAnswer(answer, 1), std::nullopt);
  EXPECT_EQ(operation.result().line, "start refused: it is paused; fectl resume lets it accept again");
}

TEST(Operation, AnAnswerOfLevelThreeWithoutAnOutcomeIsAskedAbout) {
  Operation operation(CommandKind::kReload, "web", Level::kThree);
  const std::optional<Request> next = operation.OnAnswer(Of(Response::Kind::kServiceStarted), 1200);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->verb, Request::Verb::kInspect);
}

TEST(Operation, WhatIsSoAlreadyIsDone) {
  EXPECT_EQ(LineAfter(CommandKind::kStart, Of(Response::Kind::kErrorServiceRunning)),
            "ok: was running already");
  EXPECT_EQ(LineAfter(CommandKind::kStop, Of(Response::Kind::kErrorServiceStopped)),
            "ok: was stopped already");
  EXPECT_EQ(LineAfter(CommandKind::kReload, Of(Response::Kind::kErrorServiceStopped)),
            "not: reload refused: it is stopped");
}

TEST(Operation, LOGROTATE_AllLeavesAloneWhatIsStopped) {
  for (const CommandKind command :
       {CommandKind::kReload, CommandKind::kRestart, CommandKind::kPause, CommandKind::kResume}) {
    Operation operation(command, "web", Level::kTwo, /*one_of_all=*/true);
    EXPECT_EQ(operation.OnAnswer(Of(Response::Kind::kErrorServiceStopped, "web is stopped"), 1),
              std::nullopt);
    EXPECT_TRUE(operation.result().ok);
    EXPECT_EQ(operation.result().line, "is stopped: left alone");
    Operation failed(command, "web", Level::kTwo, /*one_of_all=*/true);
    failed.OnAnswer(Of(Response::Kind::kErrorServiceFailed), 1);
    EXPECT_FALSE(failed.result().ok);
  }
}

TEST(Operation, APausedServiceIsNotStarted) {
  for (const auto& [state, ok] : {std::pair{"running", true}, std::pair{"paused", false}}) {
    Operation operation(CommandKind::kStart, "web", Level::kTwo);
    const auto next =
        operation.OnAnswer(Of(Response::Kind::kErrorServiceRunning, "web is paused: resume it"), 1);
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->verb, Request::Verb::kInspect);
    Response inspect = Of(Response::Kind::kInspect);
    inspect.inspect.state = state;
    inspect.inspect.num = inspect.inspect.ready = 1;
    EXPECT_EQ(operation.OnAnswer(inspect, 2), std::nullopt);
    EXPECT_EQ(operation.result().ok, ok);
    EXPECT_EQ(operation.result().line,
              ok ? "was running already" : "start refused: it is paused; fectl resume lets it accept again");
  }
}

TEST(Operation, START_BUSY_WhatRunsAndDoesNotServeIsNotStarted) {
  Operation operation(CommandKind::kStart, "web", Level::kTwo);
  operation.OnAnswer(Of(Response::Kind::kErrorServiceRunning, "web is already running"), 1);
  Response inspect = Of(Response::Kind::kInspect);
  inspect.inspect.state = "crashing";
  inspect.inspect.num = 2;
  inspect.inspect.cause = "worker(1) exited with code 3";
  operation.OnAnswer(inspect, 2);
  EXPECT_FALSE(operation.result().ok);
  EXPECT_EQ(operation.result().line,
            "start failed: it runs already, but no worker serves: worker(1) exited with code 3");
}

TEST(Operation, PAUSED_READY_AReloadOfAPausedServiceSaysSo) {
  Operation operation(CommandKind::kReload, "web", Level::kTwo);
  operation.OnAnswer(Of(Response::Kind::kServiceStarted), 1200);
  Response inspect = Of(Response::Kind::kInspect);
  inspect.inspect.state = "paused";
  inspect.inspect.num = 2;
  operation.OnAnswer(inspect, 1201);
  EXPECT_EQ(operation.result().line, "reloaded (2 workers, 1.2 s); it stays paused until fectl resume");
}

TEST(Operation, TheServiceIsNamedOnce) {
  EXPECT_EQ(LineAfter(CommandKind::kReload, Of(Response::Kind::kErrorServiceStopped, "web is stopped"),
                      Level::kTwo),
            "not: reload refused: it is stopped");
  EXPECT_EQ(LineAfter(CommandKind::kReload, Of(Response::Kind::kErrorServiceStopped, "webs are no more"),
                      Level::kTwo),
            "not: reload refused: webs are no more");
}

TEST(Operation, RefusalsAreWords) {
  const std::pair<Response::Kind, std::string> refusals[] = {
      {Response::Kind::kErrorNotReady, "fectld is not ready"},
      {Response::Kind::kErrorUnknownService, "there is no such service"},
      {Response::Kind::kErrorServiceStarting, "it is starting"},
      {Response::Kind::kErrorServiceRunning, "it is running"},
      {Response::Kind::kErrorServiceReloading, "its workers are being replaced"},
      {Response::Kind::kErrorServiceStopping, "it is stopping"},
      {Response::Kind::kErrorServiceStopped, "it is stopped"},
      {Response::Kind::kErrorServiceFailed, "it has failed; fectl start starts it again"},
  };
  for (const auto& [kind, words] : refusals) {
    EXPECT_EQ(LineAfter(CommandKind::kPause, Of(kind)), "not: pause refused: " + words);
  }
}

TEST(Operation, TheMastersWordsAreBetterThanOurs) {
  EXPECT_EQ(LineAfter(CommandKind::kReload,
                      Of(Response::Kind::kErrorServiceReloading, "another reload is running"), Level::kTwo),
            "not: reload refused: another reload is running");
  Operation operation(CommandKind::kReload, "web", Level::kTwo);
  EXPECT_EQ(operation.OnAnswer(Of(Response::Kind::kServiceFailed, "worker(1): exited with code 3"), 5),
            std::nullopt);
  EXPECT_EQ(operation.result().line, "reload failed: worker(1): exited with code 3");
  EXPECT_EQ(operation.result().reason, "worker(1): exited with code 3");
}

TEST(Operation, LooksForTheReasonInTheEventsOfTheBaseLevel) {
  Operation operation(CommandKind::kReload, "web", Level::kBase);
  const std::optional<Request> next = operation.OnAnswer(Of(Response::Kind::kServiceFailed), 5);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->verb, Request::Verb::kStatus);
  Response status = Of(Response::Kind::kServiceStatus);
  status.status.workers.resize(1);
  proto::BaseEvent event;
  event.state = proto::BaseState::kReloadFailed;
  event.reason.kind = proto::BaseReason::Kind::kWorkerError;
  event.reason.text = "no module named app";
  status.status.workers[0].events.push_back(event);
  EXPECT_EQ(operation.OnAnswer(status, 6), std::nullopt);
  EXPECT_EQ(operation.result().line, "reload failed: worker(1): no module named app");
}

TEST(Operation, SuggestsAName) {
  Operation operation(CommandKind::kStop, "wbe", Level::kTwo);
  const std::optional<Request> next = operation.OnAnswer(Of(Response::Kind::kErrorUnknownService), 5);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->verb, Request::Verb::kOverview);
  Response overview = Of(Response::Kind::kOverview);
  overview.overview.services.resize(2);
  overview.overview.services[0].name = "web";
  overview.overview.services[1].name = "api";
  EXPECT_EQ(operation.OnAnswer(overview, 6), std::nullopt);
  EXPECT_EQ(operation.result().line,
            "stop refused: there is no such service; did you mean web? (the services are web, api)");
  EXPECT_FALSE(operation.result().ok);
}

TEST(Operation, AnEndBeforeTheAnswerIsAFailure) {
  Operation operation(CommandKind::kStop, "web", Level::kTwo);
  operation.OnEnd(absl::AbortedError("fectld closed the connection"), 7);
  EXPECT_FALSE(operation.result().ok);
  EXPECT_EQ(operation.result().line, "stop failed: fectld closed the connection");
  EXPECT_EQ(operation.result().answer, "");
}

TEST(Operation, AnEndAfterTheAnswerChangesNothing) {
  Operation operation(CommandKind::kReload, "web", Level::kTwo);
  operation.OnAnswer(Of(Response::Kind::kServiceStarted), 1200);
  operation.OnEnd(absl::AbortedError("gone"), 1300);
  EXPECT_TRUE(operation.result().ok);
  EXPECT_EQ(operation.result().line, "reloaded (1.2 s)");
}

TEST(Operation, TheOppositeIsAFailure) {
  EXPECT_EQ(LineAfter(CommandKind::kStop, Of(Response::Kind::kServiceStarted)),
            "not: stop failed: the service was started instead");
  EXPECT_EQ(LineAfter(CommandKind::kReload, Of(Response::Kind::kServiceStopped)),
            "not: reload failed: the service was stopped instead");
  EXPECT_EQ(LineAfter(CommandKind::kReload, Of(Response::Kind::kPid, "")),
            "not: reload failed: fectld answered Pid");
}

}  // namespace
}  // namespace fectl::client
