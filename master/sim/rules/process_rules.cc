#include "master/sim/rules/process_rules.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "master/core/basis/limits.h"
#include "master/sim/rules/facts.h"

namespace fectl::sim {
namespace {

// The bound of automatic starts of one slot in any kPaceWindow: what the back-off promises.
constexpr core::Span kPaceWindow = core::Seconds(10);
constexpr size_t kPaceMax = 10;

// The outcome of a start that was given up meanwhile says nothing about the attempt that follows it.
bool IsWaitedFor(const View& view, const core::Incarnation& who) {
  const Life* life = view.ledger.Find(who);
  return life != nullptr && !life->told();
}

// The cause of a start that somebody asked for, or that another service needs.
bool IsWanted(core::Cause::Kind cause) {
  return cause == core::Cause::Kind::kOperator || cause == core::Cause::Kind::kMasterStarted ||
         cause == core::Cause::Kind::kRequired || cause == core::Cause::Kind::kBeforeRoll ||
         cause == core::Cause::Kind::kWentBack;
}

// Whether something is left of those that name the service, or that name one of these.
bool HasDependents(const View& view, core::ServiceId id) {
  bool left = false;
  view.ledger.ForEachDependent(id, [&](core::ServiceId other) {
    left = left || view.ledger.HasProcess(other) || HasDependents(view, other);
  });
  return left;
}

// The one that was kept and serves again.
const Life* WhoIsBack(const View& view, const Life& life) {
  for (const Life& other : view.ledger.InSlot(life.who.service, life.who.slot)) {
    if (other.back_at == view.at.now && other.on_duty() && !other.kept) return &other;
  }
  return nullptr;
}

// It was kept for one that has left at its own wish.
bool WasKeptForWhoLeaves(const View& view, const Life& life) {
  const auto* exited = view.event_as<core::Exited>();
  return life.kept && exited != nullptr && exited->who.service == life.who.service &&
         exited->who.slot == life.who.slot;
}

// In a rollout that lets old workers leave before the new ones are there.
bool MakesRoom(const View& view, const Life& life) {
  return view.ledger.rolls(life.who.service) &&
         view.ledger.policy(life.who.service).rollout.max_unavailable != core::Share();
}

bool IsDown(core::ServiceState state) {
  return state == core::ServiceState::kStopped || state == core::ServiceState::kStopping;
}

}  // namespace

void ProcessRules::OnEvent(const View& view) {
  begun_anew_.clear();
  const auto* failed = view.event_as<core::SpawnFailed>();
  if (failed != nullptr && IsWaitedFor(view, failed->who)) {
    // The pace is that of attempts which follow one another, with no other failure between them.
    no_room_at_.At(failed->who.service, failed->who.slot).reset();
    if (failed->failure == core::StartFailure::kTransient) {
      // No program came of it, so it counts as an attempt, which has a pace of its own.
      std::vector<core::Instant>& starts = starts_.At(failed->who.service, failed->who.slot);
      if (!starts.empty()) starts.pop_back();
      no_room_at_.At(failed->who.service, failed->who.slot) = view.at.now;
    }
  } else if (const auto* spawned = view.event_as<core::Spawned>();
             spawned != nullptr && IsWaitedFor(view, spawned->who)) {
    no_room_at_.At(spawned->who.service, spawned->who.slot).reset();
  }
  // What people ask for is theirs to pace.
  const auto* commanded = view.event_as<core::Commanded>();
  for (core::ServiceId id = 0; id < view.ledger.services(); ++id) {
    if (!view.changes(id) && (commanded == nullptr || commanded->service != id)) continue;
    for (std::vector<core::Instant>& starts : starts_.Of(id)) starts.clear();
  }
}

void ProcessRules::OnEffect(const View& view, const core::Effect& effect) {
  PauseAndResumeKeepWorkers(view, effect);
  if (const auto* spawn = std::get_if<core::Spawn>(&effect)) {
    NoStartWhereNoneIsWanted(view, spawn->who);
    GenerationIsUsedOnce(view, spawn->who);
    ConfigErrorIsNotTriedAgain(view, spawn->who);
    StartsArePaced(view, spawn->who);
    ReplacementIsAskedFor(view, spawn->who);
  } else if (const auto* send = std::get_if<core::Send>(&effect)) {
    OnlyTheLivingAreReached(view, send->who);
    if (send->order == core::Order::kStop) WhoServesInTimeIsLeftAlone(view, send->who);
  } else if (const auto* signal = std::get_if<core::Signal>(&effect)) {
    OnlyTheLivingAreReached(view, signal->who);
    WhoServesInTimeIsLeftAlone(view, signal->who);
    KillComesInItsTime(view, *signal);
  } else if (const auto* examine = std::get_if<core::Examine>(&effect)) {
    OnlyTheLivingAreReached(view, examine->who);
    WhoServesInTimeIsLeftAlone(view, examine->who);
    const Life* life = view.ledger.Find(examine->who);
    const bool hangs = life != nullptr && view.event_as<core::TimePassed>() != nullptr && !life->told() &&
                       life->deadline <= view.at.now && !life->oneshot && !life->closed;
    if (!hangs) view.Break("only what hangs is looked into (I42)", Name(examine->who));
  }
}

void ProcessRules::NoStartWhereNoneIsWanted(const View& view, const core::Incarnation& who) const {
  if (view.supervisor.shutting_down()) view.Break("no start in a shutdown (I30)", Name(who));
  if (view.Find(who.service) == nullptr || view.ledger.removed(who.service))
    return view.Break("no start in a service that was removed (I33)", Name(who));
  if (who.slot >= view.ledger.policy(who.service).num)
    view.Break("no start of a worker that is not wanted (I34)", Name(who));
  if (IsDown(view.service(who.service).state())) view.Break("no start in a stopped service (I15)", Name(who));
}

void ProcessRules::GenerationIsUsedOnce(const View& view, const core::Incarnation& who) {
  if (who.generation <= newest_) view.Break("a generation is used once (I10)", Name(who));
  newest_ = who.generation;
}

void ProcessRules::ConfigErrorIsNotTriedAgain(const View& view, const core::Incarnation& who) const {
  const auto* error = view.event_as<core::WorkerConfigError>();
  if (error == nullptr || error->who.service != who.service || error->who.slot != who.slot) return;
  // A reload, or a start, that waited for what the error ended begins at once.
  const core::ServiceState state = view.service(who.service).state();
  if (state != core::ServiceState::kReloading && state != core::ServiceState::kStarting)
    view.Break("a configuration error is not tried again (I14)", Name(who));
}

void ProcessRules::StartsArePaced(const View& view, const core::Incarnation& who) {
  if (view.event == nullptr || view.event_as<core::Commanded>() != nullptr || view.changes(who.service))
    return;
  // Beside a worker that serves it is a replacement, which somebody asked for.
  const std::vector<Life>& lives = view.ledger.InSlot(who.service, who.slot);
  if (std::any_of(lives.begin(), lives.end(), [](const Life& life) { return life.on_duty(); })) return;
  std::vector<core::Instant>& starts = starts_.At(who.service, who.slot);
  // A command may have had to wait for another one.
  const auto* starting = std::get_if<core::Starting>(&view.service(who.service).slots()[who.slot].state());
  if (starting != nullptr && IsWanted(starting->cause.kind)) starts.clear();
  const std::optional<core::Instant> no_room_at = no_room_at_.At(who.service, who.slot);
  if (starting != nullptr && starting->cause.kind == core::Cause::Kind::kAfterFailedStart &&
      no_room_at.has_value() && *no_room_at + core::kRoomPause > view.at.now)
    view.Break("attempts without room are paced (I12)", Name(who));
  std::erase_if(starts, [&](core::Instant start) { return view.at.now - start > kPaceWindow; });
  starts.push_back(view.at.now);
  if (starts.size() > kPaceMax) view.Break("starts are paced (I12)", Name(who));
}

void ProcessRules::OnlyTheLivingAreReached(const View& view, const core::Incarnation& who) const {
  const Life* life = view.ledger.Find(who);
  if (life == nullptr || life->ended) view.Break("orders and signals only to the living (I8)", Name(who));
}

void ProcessRules::WhoServesInTimeIsLeftAlone(const View& view, const core::Incarnation& who) {
  const Life* life = view.ledger.Find(who);
  if (life == nullptr || life->told() || life->process_ended) return;
  if (view.ledger.removed(who.service)) return;
  if (view.changes(who.service) && who.slot >= view.ledger.policy(who.service).num) return;
  const core::Service& service = view.service(who.service);
  if (IsDown(service.state())) return;
  const bool by_own_word = view.is_about(who) && (view.event_as<core::WorkerConfigError>() != nullptr ||
                                                  view.event_as<core::WorkerViolated>() != nullptr ||
                                                  view.event_as<core::WorkerDisproved>() != nullptr);
  if (by_own_word) return;
  if (view.event_as<core::TimePassed>() != nullptr && life->due() <= view.at.now) {
    return SilenceWasListenedTo(view, *life);
  }
  if (view.ledger.IsNext(*life)) return;  // given up, while the one before it serves on
  if (!life->loaded) {
    begun_anew_.push_back(who);
    return;
  }
  const Life* successor = view.ledger.Successor(*life);
  if (life->proves) successor = WhoIsBack(view, *life);
  if (successor == nullptr && WasKeptForWhoLeaves(view, *life)) return;
  if (successor == nullptr && MakesRoom(view, *life)) return begun_anew_.push_back(who);
  if (successor == nullptr) return view.Break("who serves in time is left alone (I5)", Name(who));
  if (!successor->active && !service.paused())
    view.Break("the new one serves before the old one is told to leave (I3)", Name(who));
}

void ProcessRules::SilenceWasListenedTo(const View& view, const Life& life) const {
  if (life.loaded && view.world.has_unread_messages != nullptr && view.world.has_unread_messages(life.who))
    view.Break("nobody is judged by what lies unread (I6)", Name(life.who));
  if (life.loaded && !life.closed && life.deadline <= view.at.now && view.world.silent_for != nullptr &&
      view.world.silent_for(life.who) < life.timeout)
    view.Break("nor by time in which it could not run (I7)", Name(life.who));
}

void ProcessRules::KillComesInItsTime(const View& view, const core::Signal& signal) const {
  const Life* life = view.ledger.Find(signal.who);
  if (life == nullptr || signal.sig == core::Sig::kTerminate) return;
  if (life->told_kill) view.Break("one SIGKILL is enough (I16)", Name(signal.who));
  if (life->told_quit && signal.sig == core::Sig::kQuit)
    view.Break("one SIGQUIT is enough (I16)", Name(signal.who));
  if (view.event_as<core::ShutdownAsked>() != nullptr) return;
  if (signal.sig == core::Sig::kQuit) view.Break("SIGQUIT only in a shutdown (I16)", Name(signal.who));
  if (!life->told() && life->process_ended) return;  // it was asked nothing, so its group has no time
  if (life->examined && view.event_as<core::Examined>() != nullptr && view.is_about(life->who)) return;
  // One that is looked into is told of behind this.
  const size_t looked_into = view.event_as<core::TimePassed>() != nullptr ? 1 : 0;
  if (view.ledger.WithTime(life->who.service, life->who.slot) + looked_into >
          view.ledger.policy(life->who.service).rollout.max_old_generations &&
      view.ledger.FirstTold(life->who.service, life->who.slot) == life)
    return;
  if (life->deadline > view.at.now) view.Break("no SIGKILL before its time (I16)", Name(signal.who));
}

void ProcessRules::PauseAndResumeKeepWorkers(const View& view, const core::Effect& effect) const {
  const auto* commanded = view.event_as<core::Commanded>();
  if (commanded == nullptr) return;
  if (commanded->verb != core::Verb::kPause && commanded->verb != core::Verb::kResume) return;
  const auto* send = std::get_if<core::Send>(&effect);
  const bool stops = send != nullptr && send->order == core::Order::kStop;
  if (stops || std::holds_alternative<core::Spawn>(effect) || std::holds_alternative<core::Signal>(effect))
    view.Break("pause and resume keep the workers (I17)", Name(commanded->service, 0));
}

void ProcessRules::AfterStep(const View& view) {
  StartsGiveWayToStarts(view);
  ShutdownReachesEverybody(view);
}

// Beside one that serves nobody is started but for an operator or at its own request.
void ProcessRules::ReplacementIsAskedFor(const View& view, const core::Incarnation& who) const {
  if (view.service(who.service).state() == core::ServiceState::kReloading) return;
  for (const Life& life : view.ledger.InSlot(who.service, who.slot)) {
    if (life.on_duty() && !life.asked && !life.is_old(view.at.now))
      view.Break("nobody is replaced unasked (I5)", Name(life.who));
  }
}

// Each signal is a step more urgent than the one before; a client that asks again waits with the others.
void ProcessRules::ShutdownReachesEverybody(const View& view) {
  const auto* asked = view.event_as<core::ShutdownAsked>();
  if (asked == nullptr || (asked->request != 0 && shutdown_stage_ > 0)) return;
  shutdown_stage_ = std::min(3, std::max(shutdown_stage_ + 1, asked->graceful ? 1 : 2));
  for (core::ServiceId id = 0; id < view.ledger.services(); ++id) {
    if (shutdown_stage_ == 1 && HasDependents(view, id)) continue;  // it is told when they are gone
    for (uint32_t slot = 0; slot < view.ledger.slots(id); ++slot) {
      for (const Life& life : view.ledger.InSlot(id, slot)) {
        const bool hurried = life.told_kill || (shutdown_stage_ == 2 && life.told_quit);
        // SIGQUIT is for the process alone, and not for one that is looked into and killed soon anyway.
        const bool no_more = shutdown_stage_ == 2 && (life.process_ended || life.examined);
        if (!life.told() || (shutdown_stage_ > 1 && !hurried && !no_more))
          view.Break("a shutdown reaches everybody (I16)", Name(life.who));
      }
    }
  }
}

// A start that was given up without a fault of its own was begun anew in the same step.
void ProcessRules::StartsGiveWayToStarts(const View& view) const {
  for (const core::Incarnation& who : begun_anew_) {
    const std::vector<Life>& lives = view.ledger.InSlot(who.service, who.slot);
    const Life& newest = lives.back();
    if (newest.who.generation <= who.generation || newest.spawned_at != view.at.now || newest.told())
      view.Break("who starts in time is left alone (I5)", Name(who));
  }
}

}  // namespace fectl::sim
