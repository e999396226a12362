// What the tests of the applier share: a supervisor, and a kernel that does what it is told at once.
#ifndef MASTER_RUNTIME_APPLY_TEST_APPLIER_H_
#define MASTER_RUNTIME_APPLY_TEST_APPLIER_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/supervisor.h"
#include "master/events/record.h"
#include "master/runtime/apply/applier.h"
#include "master/runtime/apply/test_configs.h"

namespace fectl::runtime {

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
    AskToApply(request);
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
  Applier& applier() { return applier_; }
  size_t plans() const { return plans_.size(); }
  const std::vector<proto::Response>& answers() const { return answers_; }
  // The types of the events since the last call: "config.applying 2".
  std::vector<std::string> Told() {
    std::vector<std::string> told;
    for (const events::Fact& fact : std::exchange(told_, {})) {
      told.emplace_back(proto::RowOf(fact.type).name);
      for (const auto& [name, number] : fact.numbers) told.back() += " " + std::to_string(number);
    }
    return told;
  }

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
  void AskToApply(proto::PlanRequest request = {.wait = true}) {
    answers_.clear();
    applier_.Ask(1, "test", true, request);
    Settle();
  }

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
  void UseLive(const config::Config& config) override { logs_in_use_ = config.logs; }
  void Answer(ClientId /*client*/, const proto::Response& response) override { answers_.push_back(response); }
  void CloseUnusedListeners() override {}
  void Tell(const events::Fact& fact) override { told_.push_back(fact); }

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
  config::LogsConfig logs_in_use_;
  core::Instant now_{1'000'000'000};
  core::Supervisor supervisor_;
  std::unique_ptr<ListenerSet> listeners_;
  std::map<core::PlanVersion, std::string> plans_;  // commands
  core::PlanVersion newest_ = 0;
  mutable ServicePlan plan_;
  std::map<core::Generation, Process> processes_;
  std::vector<core::Event> events_;
  std::vector<proto::Response> answers_;
  std::vector<events::Fact> told_;
  Config file_;
  Done done_;
  Applier applier_;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_APPLY_TEST_APPLIER_H_
