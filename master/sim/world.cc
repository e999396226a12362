#include "master/sim/world.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/basis/limits.h"
#include "master/core/slot/slot_state.h"
#include "master/sim/engine.h"
#include "master/sim/kernel/draw.h"

namespace fectl::sim {
namespace {

// Of services that are wanted or leaving.
constexpr size_t kServicesMax = 12;
constexpr core::ServiceId kUnknownService = 1'000'000;
// The longest that DrawPolicy() draws.
constexpr core::Span kTimeoutMax = core::Seconds(60);

class World final : private Engine {
 public:
  explicit World(const Options& options) : Engine(options) {}

  Outcome Run() {
    driver_.Boot();
    starts_ = 0;
    Chaos();
    Calm();
    ShutDown();
    outcome_.hash = hash_.value();
    outcome_.virtual_time = now_ - kBegin;
    return std::move(outcome_);
  }

 private:
  void Operate() override {
    if (calm_) return;
    if (releases_left_ > 0) return Release();
    if (swarm_.rollouts && random_operator_.Below(2) == 0) Measure();
    if (swarm_.changes && random_operator_.Below(3) == 0) {
      Change();
      return Plan(DrawSpan(random_operator_, core::Span{2 * swarm_.operator_interval.ns}), Kind::kOperator);
    }
    const bool again = again_.has_value() && supervisor().Find(*again_) != nullptr;
    const core::ServiceId service = again ? *again_ : SomeService();
    again_.reset();
    if (swarm_.releases && random_operator_.Below(10) == 0) {
      released_ = service;
      releases_left_ = 2 * core::kLeavingMax;
      return Release();
    }
    if (random_operator_.Below(4) == 0) {
      constexpr std::optional<Behaviour> kVersions[] = {std::nullopt,
                                                        std::nullopt,
                                                        std::nullopt,
                                                        Behaviour::kNeverLoads,
                                                        Behaviour::kExitsAtStart,
                                                        Behaviour::kConfigError,
                                                        Behaviour::kCrashLoops};
      deployed_[service] = kVersions[random_operator_.Below(std::size(kVersions))];
    }
    // Some repeat themselves, and some do not wait.
    const uint64_t times = random_operator_.Below(6) == 0 ? 3 : 1;
    for (uint64_t i = 0; i < times; ++i) {
      const auto verb = static_cast<core::Verb>(random_operator_.Below(swarm_.rollouts ? 9 : 6));
      const auto whom = random_operator_.Below(50) == 0 ? kUnknownService : service;
      const bool alone = swarm_.ordered && random_operator_.Below(8) == 0;
      Emit(core::Commanded{.request = ++last_request_, .service = whom, .verb = verb, .alone = alone});
    }
    if (swarm_.rollouts && random_operator_.Below(2) == 0) {  // what was begun is looked after
      again_ = service;
      const core::Span soon = core::Seconds(random_operator_.Below(2) == 0 ? 3 : 20);
      return Plan(DrawSpan(random_operator_, soon), Kind::kOperator);
    }
    Plan(DrawSpan(random_operator_, core::Span{2 * swarm_.operator_interval.ns}), Kind::kOperator);
  }

  core::ServiceId SomeService() {
    const std::vector<core::Service>& services = supervisor().services();
    return services[random_operator_.Below(services.size())].id();
  }

  // Somebody changes the configuration.
  void Change() {
    const core::ServiceId id = SomeService();
    const uint64_t what = random_operator_.Below(8);
    const auto num = static_cast<uint32_t>(1 + random_operator_.Below(8));
    if (what == 0 && supervisor().services().size() < kServicesMax) {
      core::ServicePolicy policy = DrawPolicy(random_operator_);
      if (swarm_.rollouts) DrawRollout(random_operator_, &policy);
      policy.name = "s" + std::to_string(checks_.ledger().services());
      if (swarm_.ordered) DrawOrder(random_operator_, Policies(), &policy);
      Emit(core::ServiceAdded{{++newest_plan_, policy}});
      const auto added = static_cast<core::ServiceId>(checks_.ledger().services());
      Emit(core::Commanded{.request = ++last_request_, .service = added, .verb = core::Verb::kStart});
    } else if (what == 1 && WantedServices() > 1) {
      Emit(core::ServiceRemoved{id});
    } else if (what < 5 && !supervisor().Find(id)->policy().oneshot) {
      Emit(core::ServiceResized{random_operator_.Below(50) == 0 ? kUnknownService : id, num});
    } else {
      ChangePlan(id, num);
    }
  }

  std::vector<const core::ServicePolicy*> Policies() const {
    std::vector<const core::ServicePolicy*> policies;
    for (const core::Service& service : supervisor().services()) policies.push_back(&service.policy());
    return policies;
  }

  // Names fewer others than before, or as many; and stays what it is.
  void KeepOrder(const core::ServicePolicy& before, core::ServicePolicy* policy) {
    policy->autostart = before.autostart;
    policy->oneshot = before.oneshot;
    policy->after = before.after;
    policy->require = before.require;
    policy->before_roll = before.before_roll;
    if (before.oneshot) policy->num = 1;
    if (random_operator_.Below(4) == 0) policy->after.clear();
    if (random_operator_.Below(4) == 0) policy->require.clear();
    if (random_operator_.Below(4) == 0) policy->before_roll.clear();
  }

  size_t WantedServices() const {
    const std::vector<core::Service>& services = supervisor().services();
    return static_cast<size_t>(std::count_if(
        services.begin(), services.end(), [](const core::Service& service) { return !service.removing(); }));
  }

  // Mostly with a reload, as whoever changes a plan wants it; some go back to one before.
  void ChangePlan(core::ServiceId id, uint32_t num) {
    const core::Service& service = *supervisor().Find(id);
    core::Plan plan{newest_plan_ + 1, DrawPolicy(random_operator_)};
    plan.policy.name = service.policy().name;
    plan.policy.num = random_operator_.Below(2) == 0 ? service.policy().num : num;
    if (swarm_.rollouts) DrawRollout(random_operator_, &plan.policy);
    if (swarm_.ordered) KeepOrder(service.policy(), &plan.policy);
    // One that is known still when the event is stepped: a process of it exists, and its end is not on the
    // way.
    const bool back = !service.older_plans().empty() && driver_.idle() &&
                      checks_.ledger().Uses(service.older_plans().front());
    if (back && random_operator_.Below(3) == 0) {
      plan.version = service.older_plans().front();
    } else {
      ++newest_plan_;
      if (random_operator_.Below(3) == 0) planned_behaviours_[newest_plan_] = Behaviour::kExitsAtStart;
    }
    Emit(core::PlanChanged{random_operator_.Below(50) == 0 ? kUnknownService : id, plan});
    if (random_operator_.Below(4) == 0) return;
    Emit(core::Commanded{.request = ++last_request_, .service = id, .verb = core::Verb::kReload});
  }

  // Workers are found to be worn out, perhaps all at once, or to do worse than those that they follow.
  void Measure() {
    const core::Service& service = *supervisor().Find(SomeService());
    const bool all = random_operator_.Below(3) == 0;
    const bool worse = random_operator_.Below(2) == 0;
    const uint64_t some = random_operator_.Below(service.slots().size());
    for (uint32_t slot = 0; slot < service.slots().size(); ++slot) {
      if (!all && slot != some) continue;
      for (const Life& life : checks_.ledger().InSlot(service.id(), slot)) {
        if (!life.loaded) continue;
        if (worse) Emit(core::WorkerDisproved{life.who, "errors 17 is above 5"});
        if (!worse) Emit(core::WorkerWornOut{life.who, "memory is above max_rss"});
      }
    }
  }

  void Release() {
    --releases_left_;
    Emit(core::Commanded{.request = ++last_request_, .service = released_, .verb = core::Verb::kReload});
    Plan(DrawSpan(random_operator_, core::Seconds(2)), Kind::kOperator);
  }

  void Chaos() {
    Plan(DrawSpan(random_operator_, swarm_.operator_interval), Kind::kOperator);
    if (swarm_.stall_interval.ns > 0) Plan(DrawSpan(random_master_, swarm_.stall_interval), Kind::kStall);
    if (swarm_.crashes) Plan(DrawSpan(random_master_, core::Seconds(600)), Kind::kCrash);
    Pass(kBegin + options_.chaos);
  }

  // No faults from here on: whatever state they left, every service must come to serve in full (J1), and
  // every command that was accepted must be answered (J3).
  void Calm() {
    if (!ok()) return;
    if (now_ < asleep_until_) Pass(asleep_until_ + core::Milliseconds(1));
    calm_ = true;
    for (uint32_t place = 0; place < kernel_.places(); ++place) {
      SimProcess& process = kernel_.process(place);
      if (process.life == SimProcess::Life::kAlive) programs_.CalmDown(process, place);
    }
    const core::Instant begin = now_;
    // A command may still wait behind a replacement that a worker asked for while all serve, and a roll
    // behind the run of a oneshot that others wait for as well: in the worst case all services come one after
    // the other.
    core::Span longest;
    for (const core::Service& service : supervisor().services()) longest = longest + Limit(service);
    while (ok() && (!AllServe(now_ - begin) || (checks_.open_requests() != 0 && now_ - begin <= longest))) {
      for (const core::ServiceId id : Ids()) MendService(id);
      Pass(now_ + core::Seconds(1));
    }
    if (ok() && checks_.open_requests() != 0)
      outcome_.broken = "every command is answered (J3): some are not";
    if (ok()) CheckUnusedPlansAreDropped();
    if (ok()) CheckBackoffIsForgotten();
  }

  std::vector<core::ServiceId> Ids() const {
    std::vector<core::ServiceId> ids;
    for (const core::Service& service : supervisor().services()) ids.push_back(service.id());
    return ids;
  }

  // Everybody serves, so that a plan is that of a process, of a service, or of nothing (J6).
  void CheckUnusedPlansAreDropped() {
    for (const core::PlanVersion plan : checks_.changes().plans()) {
      if (!checks_.ledger().Uses(plan))
        outcome_.broken = "plans that nobody uses are dropped (J6): one is not";
    }
  }

  // How long it may take until a service serves in full: a worker that hangs is found out, one that leaves is
  // killed, a start that was under way fails, and the longest wait goes by.
  core::Span Limit(const core::Service& service) const {
    if (!swarm_.ordered) return OwnLimit(service);
    // One may come behind all the others.
    core::Span sum;
    for (const core::Service& other : supervisor().services()) sum = sum + OwnLimit(other);
    return sum;
  }

  static core::Span OwnLimit(const core::Service& service) {
    const core::ServicePolicy& policy = service.policy();
    // What was promised before the newest plan counts, too.
    // What is under way, and what waits behind it: there and back, and a place at a time.
    const core::Span batch = policy.rollout.min_ready + core::Seconds(2);
    const core::Span roll{2 * int64_t{policy.num} * batch.ns + policy.rollout.bake.ns};
    const core::Span rolls = core::Span{2 * roll.ns};
    return rolls + std::max(policy.timeout, kTimeoutMax) + policy.startup_timeout +
           std::max(policy.shutdown_timeout, kTimeoutMax) + std::max(policy.max_lease, kTimeoutMax) +
           core::kBackoffMax + core::Seconds(10);
  }

  bool AllServe(core::Span since) {
    bool all = true;
    for (const core::Service& service : supervisor().services()) {
      const bool serves =
          service.state() == core::ServiceState::kRunning && service.ready() == service.policy().num;
      const bool done = service.state() == core::ServiceState::kDone;
      if ((serves || done || NeverComes(service)) && !service.removing()) continue;
      all = false;
      if (since <= Limit(service)) continue;
      outcome_.broken = "without faults every service comes to serve in full (J1): " + service.policy().name +
                        " is " + std::string(core::ToWord(service.state())) + " with " +
                        std::to_string(service.ready()) + "/" + std::to_string(service.policy().num);
    }
    return all;
  }

  // It requires a service that was removed, or one that requires such a one.
  bool NeverComes(const core::Service& service) const {
    if (service.waiting() == nullptr || !service.waiting()->blocked) return false;
    const std::vector<std::string>& names = service.policy().require;
    return std::any_of(names.begin(), names.end(), [this](const std::string& name) {
      const std::vector<core::Service>& services = supervisor().services();
      const auto named = std::find_if(services.begin(), services.end(), [&name](const core::Service& other) {
        return other.policy().name == name && !other.removing();
      });
      return named == services.end() || NeverComes(*named);
    });
  }

  void MendService(core::ServiceId id) {
    const core::ServiceState state = supervisor().Find(id)->state();
    if (state == core::ServiceState::kStopped || state == core::ServiceState::kFailed) {
      Emit(core::Commanded{.request = ++last_request_, .service = id, .verb = core::Verb::kStart});
    } else if (state == core::ServiceState::kPaused) {
      Emit(core::Commanded{.request = ++last_request_, .service = id, .verb = core::Verb::kResume});
    }
    const core::ReplaceOperation* rollout = supervisor().Find(id)->rollout();
    if (rollout != nullptr && rollout->stage == core::ReplaceOperation::Stage::kHeld)
      Emit(core::Commanded{.request = ++last_request_, .service = id, .verb = core::Verb::kPromote});
  }

  // A worker that has been healthy for long and dies is replaced at once (J4).
  void CheckBackoffIsForgotten() {
    Pass(now_ + core::kStableAfter + core::Seconds(1));
    const auto* serving = std::get_if<core::Serving>(&supervisor().services()[0].slots()[0].state());
    // One that wears out soon has not been healthy for long.
    if (serving == nullptr || now_ - serving->loaded_at < core::kStableAfter) return;
    const core::ServiceId first = supervisor().services()[0].id();
    const uint32_t place = kernel_.PlaceOf({first, 0, serving->process.generation});
    Die(kernel_.process(place), place, true, 9);
    Pass(now_ + core::Seconds(1));
    if (ok() && std::holds_alternative<core::Waiting>(supervisor().services()[0].slots()[0].state())) {
      outcome_.broken = "back-off is forgotten after health (J4): it is not";
    }
    Pass(now_ + core::Seconds(30));
  }

  void ShutDown() {
    if (!ok()) return;
    core::Span longest;
    for (const core::Service& service : supervisor().services())
      longest = std::max({longest, service.policy().shutdown_timeout, kTimeoutMax});
    if (swarm_.ordered) longest.ns *= static_cast<int64_t>(supervisor().services().size());
    const core::ServiceId first = supervisor().services()[0].id();
    const uint64_t how = random_operator_.Below(6);
    if (how == 4) {  // in the middle of a reload
      Emit(core::Commanded{.request = ++last_request_, .service = first, .verb = core::Verb::kReload});
    }
    Emit(core::ShutdownAsked{.graceful = how != 0, .request = how == 1 ? ++last_request_ : 0});
    if (how == 2 || how == 5) Emit(core::ShutdownAsked{.graceful = true});
    if (how == 5) Emit(core::ShutdownAsked{.graceful = true});
    if (how == 3) {
      Pass(now_ + core::Milliseconds(100));
      Emit(core::Commanded{.request = ++last_request_, .service = first, .verb = core::Verb::kStart});
    }
    Pass(now_ + longest + core::Seconds(3));
    if (!ok()) return;
    if (!driver_.finished()) {
      outcome_.broken = "a shutdown ends in time (I16, I30): it does not";
    } else if (driver_.supervisor().IsDue(core::Instant{core::kNever.ns - 1}) || kernel_.unreaped() != 0 ||
               checks_.ledger().size() != 0) {
      outcome_.broken = "nothing is left after the shutdown (I9, J2): something is";
    } else if (checks_.open_requests() != 0) {
      outcome_.broken = "every command is answered (J3): some are not";
    }
  }

  std::optional<core::ServiceId> again_;  // the next command is for this service
  core::ServiceId released_ = 0;          // the service that is reloaded many times in a row
  size_t releases_left_ = 0;
};

}  // namespace

Outcome RunWorld(const Options& options) {
  return World(options).Run();
}

}  // namespace fectl::sim
