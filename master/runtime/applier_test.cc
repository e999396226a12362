#include "master/runtime/applier.h"

#include <glog/logging.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/supervisor.h"

namespace fectl::runtime {
namespace {

using config::Config;
using config::ServiceConfig;

ServiceConfig Service(const std::string& name, int num = 2) {
  ServiceConfig service;
  service.name = name;
  service.num = num;
  service.command = {"/bin/" + name};
  service.restarts = 1;
  return service;
}

// A process of the fake kernel: which service it was made for, and of which command.
struct Process {
  core::Incarnation who;
  std::string command;
  bool operator==(const Process&) const = default;
};

// A supervisor and a kernel in which every process loads at once, but those whose command is "/bin/broken",
// and of "/bin/two" all but the first two; those of "/bin/slow" do not before LoadAll(). Every process that
// is told to stop ends at once.
class Fake final : public ApplyHost, public ConfigSource {
 public:
  explicit Fake(const Config& config)
      : supervisor_({}, 1),
        listeners_(*ListenerSet::Open({})),
        applier_(this, listeners_.get(), this, {}, "/f", {"/f"}, 0) {
    Write(config);
    applier_.Ask(1, "test", true, {.wait = true});
    Settle();
  }

  void Write(const Config& config) { file_ = config; }
  // Asks for an application, and lets everything happen that follows.
  proto::PlanView Apply(proto::PlanRequest request = {.wait = true}) {
    answers_.clear();
    applier_.Ask(1, "test", true, request);
    Settle();
    EXPECT_EQ(answers_.size(), 1U);
    const auto* plan = std::get_if<proto::PlanView>(&answers_.at(0).detail);
    return plan == nullptr ? proto::PlanView{.refused = answers_[0].text} : *plan;
  }
  // The generations of a service's processes that serve.
  std::set<core::Generation> On(const std::string& name) const {
    std::set<core::Generation> found;
    for (const auto& [generation, process] : processes_) {
      const core::Service* const service = supervisor_.Find(process.who.service);
      if (service != nullptr && service->policy().name == name) found.insert(generation);
    }
    return found;
  }
  std::set<std::string> CommandsOf(const std::string& name) const {
    std::set<std::string> found;
    for (const core::Generation generation : On(name)) found.insert(processes_.at(generation).command);
    return found;
  }
  const std::map<core::Generation, Process>& processes() const { return processes_; }
  const core::Supervisor& supervisor() const { return supervisor_; }
  const Applier& applier() const { return applier_; }
  size_t plans() const { return plans_.size(); }
  const std::vector<proto::Response>& answers() const { return answers_; }

  // Asks for an application, whose configuration is not there before Settle().
  void BeginToLoad() {
    answers_.clear();
    applier_.Ask(1, "test", true, {});
    applier_.OnTurn(now_);
  }
  void End() { applier_.End(); }
  void LoadAll() {
    for (const auto& [generation, process] : processes_) Emit(core::WorkerLoaded{process.who});
    Settle();
  }
  void AskToApply() {
    answers_.clear();
    applier_.Ask(1, "test", true, {.wait = true});
    Settle();
  }
  Applier& own_applier() { return applier_; }

  void Run(const core::Event& event) {
    core::Effects effects;
    supervisor_.Step(event, {now_, 0}, effects);
    for (const core::Effect& effect : effects) std::visit([this](const auto& e) { Do(e); }, effect);
  }
  // Until nothing follows any more.
  void Settle() {
    for (int quiet = 0; quiet < 3; ++quiet) {
      while (!events_.empty()) {
        quiet = 0;
        const std::vector<core::Event> events = std::exchange(events_, {});
        for (const core::Event& event : events) Run(event);
      }
      applier_.OnTurn(now_);
    }
  }

 private:
  void Do(const core::Spawn& spawn) {
    ASSERT_TRUE(plans_.contains(spawn.plan)) << "a plan that was dropped";
    const std::string& command = plans_.at(spawn.plan);
    Emit(core::Spawned{spawn.who, 1});
    const bool too_many = command == "/bin/two" && spawn.who.slot >= 2;
    if (command == "/bin/broken" || too_many) return Emit(core::Exited{.who = spawn.who, .number = 3});
    processes_[spawn.who.generation] = {spawn.who, command};
    if (command != "/bin/slow") Emit(core::WorkerLoaded{spawn.who});
  }
  void Do(const core::Send& send) {
    if (send.order == core::Order::kStop) End(send.who);
  }
  void Do(const core::Signal& signal) { End(signal.who); }
  void Do(const core::Reply& reply) { applier_.OnReply(reply); }
  void Do(const core::DropPlan& drop) { plans_.erase(drop.plan); }
  template <typename Other>
  void Do(const Other& /*effect*/) {}
  void End(const core::Incarnation& who) {
    if (processes_.erase(who.generation) > 0) Emit(core::Exited{.who = who});
  }

  const core::Service* FindService(const std::string& name) const override {
    const core::Service* found = nullptr;
    for (const core::Service& service : supervisor_.services()) {
      if (service.policy().name == name) found = &service;
    }
    return found;
  }
  core::RequestId NewRequest() override { return supervisor_.NewRequest(); }
  void Emit(core::Event event) override { events_.push_back(std::move(event)); }
  std::string WhyNot(const ServiceConfig& service) const override {
    return service.name == "impossible" ? "it is impossible" : "";
  }
  absl::StatusOr<ServicePlan> MakePlan(const ServiceConfig& service,
                                       const std::vector<SharedSocket>& /*sockets*/) override {
    ServicePlan plan;
    plan.launch.executable = service.command.at(0);
    return plan;
  }
  const ServicePlan& PlanOf(const core::Service& service) const override {
    plan_.launch.executable = plans_.at(service.plan());
    return plan_;
  }
  core::PlanVersion Keep(ServicePlan plan) override {
    plans_[++newest_] = plan.launch.executable;
    return newest_;
  }
  void SetName(core::ServiceId /*service*/, const std::string& /*name*/) override {}
  void Answer(ClientId /*client*/, const proto::Response& response) override { answers_.push_back(response); }
  void CloseUnusedListeners() override {}

  void Load(const std::string& /*file*/, core::Instant /*now*/, Done done) override {
    done_ = std::move(done);
  }
  void OnTurn(core::Instant /*now*/) override {
    if (done_ == nullptr) return;
    config::LoadResult loaded;
    loaded.config = file_;
    std::exchange(done_, nullptr)(loaded);
  }
  core::Instant next_deadline() const override { return core::kNever; }

  core::Instant now_{1'000'000'000};
  core::Supervisor supervisor_;
  std::unique_ptr<ListenerSet> listeners_;
  std::map<core::PlanVersion, std::string> plans_;  // commands
  core::PlanVersion newest_ = 0;
  mutable ServicePlan plan_;
  std::map<core::Generation, Process> processes_;
  std::vector<core::Event> events_;
  std::vector<proto::Response> answers_;
  Config file_;
  Done done_;
  Applier applier_;
};

Config Of(std::vector<ServiceConfig> services) {
  Config config;
  config.services = std::move(services);
  return config;
}

TEST(Applier, ServicesComeChangeAndGo) {
  Fake fake(Of({Service("web"), Service("jobs")}));
  const auto web = fake.On("web");
  EXPECT_EQ(web.size(), 2U);
  ServiceConfig jobs = Service("jobs", 3);
  jobs.command = {"/bin/other"};
  fake.Write(Of({Service("web"), jobs, Service("mail", 1)}));
  const proto::PlanView done = fake.Apply();
  EXPECT_EQ(done.outcome, "done") << done.failure;
  EXPECT_EQ(fake.On("web"), web);
  EXPECT_EQ(fake.CommandsOf("jobs"), std::set<std::string>{"/bin/other"});
  EXPECT_EQ(fake.On("jobs").size(), 3U);
  EXPECT_EQ(fake.On("mail").size(), 1U);
  fake.Write(Of({Service("web")}));
  EXPECT_EQ(fake.Apply().outcome, "done");
  EXPECT_EQ(fake.processes().size(), 2U);
  EXPECT_EQ(fake.supervisor().services().size(), 1U);
  EXPECT_EQ(fake.On("web"), web);
}

TEST(Applier, AReplacementThatFailsIsTakenBack) {
  Fake fake(Of({Service("web"), Service("old")}));
  const auto web = fake.On("web");
  ServiceConfig broken = Service("web");
  broken.command = {"/bin/broken"};
  fake.Write(Of({broken}));
  const proto::PlanView failed = fake.Apply();
  EXPECT_EQ(failed.outcome, "failed");
  EXPECT_NE(failed.failure.find("exited with code 3"), std::string::npos) << failed.failure;
  EXPECT_NE(failed.failure.find("not begun: old"), std::string::npos) << failed.failure;
  EXPECT_EQ(fake.On("web"), web);
  EXPECT_EQ(fake.On("old").size(), 2U);
  EXPECT_NE(fake.applier().TroubleOf("web"), "");
  EXPECT_EQ(fake.applier().running().services.at(0).command.at(0), "/bin/web");
  // What is started now is what ran before.
  fake.Run(core::Commanded{.request = 99, .service = 0, .verb = core::Verb::kReload});
  fake.Settle();
  EXPECT_EQ(fake.CommandsOf("web"), std::set<std::string>{"/bin/web"});
  fake.Write(Of({Service("web")}));
  EXPECT_EQ(fake.Apply().outcome, "done");
  EXPECT_EQ(fake.On("old").size(), 0U);
  EXPECT_EQ(fake.applier().TroubleOf("web"), "");
}

TEST(Applier, WhatWasNotBegunIsNamedOnceAndWhole) {
  Fake fake(Of({Service("web"), Service("web-2"), Service("a")}));
  ServiceConfig broken = Service("a");
  broken.command = {"/bin/broken"};
  fake.Write(Of({broken}));
  EXPECT_NE(fake.Apply().failure.find("not begun: web, web-2"), std::string::npos);
}

// "/bin/two" with two workers.
ServiceConfig Two(int num) {
  ServiceConfig service = Service("web", num);
  service.command = {"/bin/two"};
  return service;
}

TEST(Applier, AGrowthThatFailsIsTakenBack) {
  Fake fake(Of({Two(2)}));
  const auto web = fake.On("web");
  fake.Write(Of({Two(4)}));
  const proto::PlanView failed = fake.Apply();
  EXPECT_EQ(failed.outcome, "failed");
  EXPECT_NE(failed.failure.find("a worker more did not come up: worker(3) exited with code 3"),
            std::string::npos)
      << failed.failure;
  EXPECT_EQ(fake.supervisor().services()[0].policy().num, 2U);
  EXPECT_EQ(fake.On("web"), web);
  // So that nothing is to be done for the file of before.
  fake.Write(Of({Two(2)}));
  EXPECT_TRUE(fake.Apply().changes.empty());
}

TEST(Applier, AnOverrideIsBackWhereAGrowthFails) {
  Fake fake(Of({Two(1)}));
  fake.own_applier().overrides()["web"] = {2, 1, "user 0", 7};
  fake.Run(core::ServiceResized{0, 2});
  fake.Settle();
  fake.Write(Of({Two(3)}));
  EXPECT_EQ(fake.Apply().outcome, "failed");
  EXPECT_EQ(fake.supervisor().services()[0].policy().num, 2U);
  ASSERT_EQ(fake.applier().overrides().count("web"), 1U);
  EXPECT_EQ(fake.applier().overrides().at("web").num, 2);
}

TEST(Applier, AGrowthThatAnotherNumberOvertakesIsDone) {
  ServiceConfig slow = Service("web", 1);
  slow.command = {"/bin/slow"};
  Fake fake(Of({Service("other")}));
  fake.Write(Of({Service("other"), slow}));
  fake.AskToApply();
  fake.LoadAll();
  ASSERT_EQ(fake.answers().size(), 1U);
  slow.num = 3;
  fake.Write(Of({Service("other"), slow}));
  fake.AskToApply();
  EXPECT_TRUE(fake.answers().empty());
  fake.Run(core::ServiceResized{1, 2});
  fake.Settle();
  EXPECT_EQ(fake.answers().size(), 1U);
}

TEST(Applier, ServicesAreAddedAtOnce) {
  ServiceConfig slow = Service("a");
  slow.command = {"/bin/slow"};
  ServiceConfig behind = Service("b");
  behind.after = {"a"};
  Fake fake(Of({Service("web")}));
  fake.Write(Of({Service("web"), behind, slow, Service("c")}));
  fake.AskToApply();
  EXPECT_TRUE(fake.answers().empty());
  EXPECT_EQ(fake.On("a").size(), 2U);
  EXPECT_EQ(fake.On("c").size(), 2U);
  EXPECT_EQ(fake.On("b").size(), 0U);  // waits for a, which is loading
  fake.LoadAll();
  EXPECT_EQ(fake.On("b").size(), 2U);
  EXPECT_EQ(fake.answers().size(), 1U);
}

TEST(Applier, WhatCannotBeStartedRefusesAllOfIt) {
  Fake fake(Of({Service("web")}));
  const auto web = fake.On("web");
  fake.Write(Of({Service("web", 3), Service("impossible")}));
  EXPECT_EQ(fake.Apply().refused, "nothing was changed: it is impossible");
  EXPECT_EQ(fake.On("web"), web);
  EXPECT_EQ(fake.supervisor().services().size(), 1U);
}

TEST(Applier, AnEndWhileAConfigurationIsLoadedAnswersAndIsTheEnd) {
  Fake fake(Of({Service("web")}));
  fake.BeginToLoad();
  fake.End();
  ASSERT_EQ(fake.answers().size(), 1U);
  EXPECT_EQ(fake.answers()[0].text, "fectld is stopping");
  fake.Settle();
  EXPECT_EQ(fake.Apply().refused, "fectld is stopping");
}

TEST(Applier, AStoppedServiceStaysStoppedAndStartsAsConfigured) {
  Fake fake(Of({Service("web")}));
  fake.Run(core::Commanded{.request = 98, .service = 0, .verb = core::Verb::kStop});
  fake.Settle();
  ServiceConfig other = Service("web", 3);
  other.command = {"/bin/other"};
  fake.Write(Of({other}));
  EXPECT_EQ(fake.Apply().outcome, "done");
  EXPECT_TRUE(fake.On("web").empty());
  fake.Run(core::Commanded{.request = 99, .service = 0, .verb = core::Verb::kStart});
  fake.Settle();
  EXPECT_EQ(fake.CommandsOf("web"), std::set<std::string>{"/bin/other"});
  EXPECT_EQ(fake.On("web").size(), 3U);
}

// A configuration of up to six services, each of which may be broken one time in `broken_of`.
Config Random(std::mt19937* random, int broken_of) {
  const auto draw = [random](int n) { return static_cast<int>((*random)() % static_cast<unsigned>(n)); };
  Config config;
  for (int i = 0; i < 6; ++i) {
    if (draw(3) == 0) continue;
    ServiceConfig service = Service("s" + std::to_string(i), 1 + draw(4));
    service.command = {"/bin/v" + std::to_string(draw(3))};
    if (broken_of > 0 && draw(broken_of) == 0) service.command = {"/bin/broken"};
    service.restarts = 1 + draw(2);
    service.max_surge = draw(3);
    service.autostart = draw(5) != 0;
    if (!config.services.empty() && draw(3) == 0)
      service.after = {
          config.services[static_cast<size_t>(draw(static_cast<int>(config.services.size())))].name};
    config.services.push_back(std::move(service));
  }
  if (config.services.empty()) config.services.push_back(Service("s0", 1));
  return config;
}

// FECTL_PAIRS=10000 (--test_env) draws so many.
int Pairs() {
  FLAGS_minloglevel = google::FATAL;
  const char* const pairs = std::getenv("FECTL_PAIRS");
  return pairs == nullptr ? 1000 : std::atoi(pairs);
}

// What is to be seen of a service from outside.
struct Seen {
  std::string command;
  int num = 0;
  core::ServicePolicy policy;
  bool operator==(const Seen&) const = default;
};
std::map<std::string, Seen> See(const Fake& fake) {
  std::map<std::string, Seen> seen;
  for (const core::Service& service : fake.supervisor().services()) {
    const std::set<std::string> commands = fake.CommandsOf(service.policy().name);
    EXPECT_LE(commands.size(), 1U) << service.policy().name << " has workers of two versions";
    seen[service.policy().name] = {commands.empty() ? "" : *commands.begin(),
                                   static_cast<int>(fake.On(service.policy().name).size()), service.policy()};
  }
  return seen;
}

TEST(Applier, RandomPairsOfConfigurations) {
  std::mt19937 random(7);
  for (int pair = 0, pairs = Pairs(); pair < pairs; ++pair) {
    const Config a = Random(&random, 0);
    const Config b = Random(&random, 0);
    Fake fake(a);
    const auto seen_a = See(fake);
    const auto before = fake.processes();
    const apply::Difference difference = apply::Compare(a, b);
    fake.Write(b);
    ASSERT_EQ(fake.Apply().outcome, "done") << pair;
    // Nobody was touched whose service does not change, or only in how it is supervised or by growing.
    for (const auto& [generation, process] : before) {
      const std::string& name = fake.supervisor().Find(process.who.service) == nullptr
                                    ? ""
                                    : fake.supervisor().Find(process.who.service)->policy().name;
      bool touched = name.empty();
      for (const apply::ServiceStep& step : difference.services)
        touched = touched || (step.name == name && (step.roll || step.num_after < step.num_before));
      ASSERT_TRUE(touched || fake.processes().contains(generation)) << pair << " " << name;
    }
    // Twice is once.
    const auto seen_b = See(fake);
    const auto there = fake.processes();
    ASSERT_TRUE(fake.Apply().changes.empty()) << pair;
    ASSERT_EQ(fake.processes(), there) << pair;
    // And back again. (What is not started by itself and was not running stays so.)
    fake.Write(a);
    ASSERT_EQ(fake.Apply().outcome, "done") << pair;
    ASSERT_EQ(See(fake), seen_a) << pair;
    fake.Write(b);
    ASSERT_EQ(fake.Apply().outcome, "done") << pair;
    ASSERT_EQ(See(fake), seen_b) << pair;
    ASSERT_LE(fake.plans(), fake.supervisor().services().size())
        << pair << ": plans that nobody has are kept";
  }
}

TEST(Applier, RandomPairsWithBrokenOnes) {
  std::mt19937 random(8);
  int failures = 0;
  for (int pair = 0, pairs = Pairs(); pair < pairs; ++pair) {
    const Config a = Random(&random, 0);
    Fake fake(a);
    fake.Write(Random(&random, 4));
    const auto before = See(fake);
    const proto::PlanView done = fake.Apply();
    failures += done.outcome == "failed" ? 1 : 0;
    // What fails has taken nothing away: each service of before that still is wanted so serves.
    for (const auto& [name, seen] : before) {
      if (done.outcome != "failed") continue;
      ASSERT_GE(static_cast<int>(fake.On(name).size()), std::min(seen.num, 1)) << pair << " " << name;
    }
    // From there a good one is reached, whatever was half done.
    const Config good = Random(&random, 0);
    fake.Write(good);
    ASSERT_EQ(fake.Apply().outcome, "done") << pair;
    ASSERT_EQ(fake.supervisor().services().size(), good.services.size()) << pair;
    for (const ServiceConfig& service : good.services) {
      for (const std::string& command : fake.CommandsOf(service.name))
        ASSERT_EQ(command, service.command[0]) << pair;
    }
  }
  EXPECT_GT(failures, Pairs() / 30);
}

}  // namespace
}  // namespace fectl::runtime
