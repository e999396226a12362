#include "client/live/run_wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "client/testing/captured_run.h"
#include "client/testing/fake_control_server.h"

namespace fectl::client {
namespace {

using proto::Request;
using proto::Response;
using testing::HasSubstr;

proto::ServiceView Web(const std::string& state, int ready = 0, const std::string& cause = "") {
  return {.name = "web", .state = state, .num = 2, .ready = ready, .cause = cause};
}

FakeStep Overview(std::vector<proto::ServiceView> services, int64_t version = 0, int64_t applying = 0) {
  Response response{.kind = Response::Kind::kOverview};
  response.overview.services = std::move(services);
  response.overview.config_version = version;
  response.overview.config_applying = applying;
  return Answer(response);
}

// A master that gives these answers, one after the other, and then the last one for ever.
class Answers {
 public:
  explicit Answers(std::vector<FakeStep> answers)
      : answers_(std::move(answers)), server_([this](const Request&) {
          const FakeStep step = answers_[std::min(next_, answers_.size() - 1)];
          ++next_;
          return std::vector<FakeStep>{step};
        }) {}

  Captured Wait(std::vector<std::string> args) {
    args.insert(args.begin(), {"--sock", server_.path(), "wait", "web"});
    return RunCaptured(args);
  }

 private:
  std::vector<FakeStep> answers_;
  size_t next_ = 0;
  FakeControlServer server_;
};

TEST(RunWait, ReturnsWhenAllWorkersServe) {
  Answers answers(
      {Overview({Web("starting")}), Overview({Web("degraded", 1)}), Overview({Web("running", 2)})});
  const Captured run = answers.Wait({});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "");
}

TEST(RunWait, ReturnsAtOnceWhereItIsSo) {
  EXPECT_EQ(Answers({Overview({Web("stopped")})}).Wait({"--for", "stopped"}).exit_code, 0);
  EXPECT_EQ(Answers({Overview({Web("failed")})}).Wait({"--for=failed"}).exit_code, 0);
  proto::ServiceView migrate = Web("done");
  migrate.type = "oneshot";
  EXPECT_EQ(Answers({Overview({migrate})}).Wait({}).exit_code, 0);
  EXPECT_THAT(Answers({Overview({Web("running", 2)})}).Wait({"--json"}).out,
              HasSubstr("{\"ok\":true,\"seconds\":"));
}

TEST(RunWait, AServiceThatHasFailedBecomesReadyByNobody) {
  const Captured run = Answers({Overview({Web("failed", 1, "worker(2) exited with code 1")})}).Wait({});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: web: failed, 1 of 2 workers serve: worker(2) exited with code 1\n");
}

TEST(RunWait, SaysWhatItSawWhenTheTimeIsOver) {
  const Captured run = Answers({Overview({Web("starting")})}).Wait({"--timeout", "0.1"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "fectl: web: not ready within the time given: starting, 0 of 2 workers serve\n");
}

TEST(RunWait, AVersionIsThereWhenItServes) {
  proto::ServiceView rolled = Web("running", 2);
  rolled.config_version = 8;
  Answers answers({Overview({Web("running", 2)}, 7), Overview({Web("running", 2)}, 8, 8),
                   Overview({Web("reloading", 2)}, 8, 8), Overview({rolled}, 8, 8)});
  EXPECT_EQ(answers.Wait({"--for", "version=8"}).exit_code, 0);
  // One that did not change it is there when all of it is.
  EXPECT_EQ(Answers({Overview({Web("running", 2)}, 8)}).Wait({"--for", "version=8"}).exit_code, 0);
}

TEST(RunWait, AVersionThatWasNotTakenIsNeverThere) {
  proto::ServiceView kept = Web("running", 2);
  kept.not_taken = "version 8 was not taken: worker(1): exit code 1";
  const Captured run = Answers({Overview({kept}, 8)}).Wait({"--for", "version=8"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("web: version 8 was not taken"));
}

TEST(RunWait, AServiceThatIsNotThere) {
  EXPECT_EQ(Answers({Overview({})}).Wait({"--for", "stopped"}).exit_code, 1);
  EXPECT_EQ(Answers({Overview({Web("stopping")}), Overview({})}).Wait({"--for", "stopped"}).exit_code, 0);
  const Captured run = Answers({Overview({Web("running", 1)}), Overview({})}).Wait({});
  EXPECT_EQ(run.err, "fectl: web: there is no such service; fectld has no services\n");
}

TEST(RunWait, OtherWordsAreWrongUsage) {
  const Captured run = RunCaptured({"--sock", "/nowhere", "wait", "web", "--for", "happy"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("--for needs ready, stopped, failed or version=N, not \"happy\""));
}

}  // namespace
}  // namespace fectl::client
