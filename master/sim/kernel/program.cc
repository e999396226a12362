#include "master/sim/kernel/program.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

#include "master/sim/kernel/draw.h"

namespace fectl::sim {
namespace {

constexpr int32_t kExitCodes[] = {0, 1, 3, 98, 99, 100, 255};
constexpr int32_t kSignals[] = {6, 9, 11, 15};

constexpr Said kAnything[] = {Said::kLoaded,      Said::kBeat,    Said::kBeat,
                              Said::kReload,      Said::kRestart, Said::kLeaves,
                              Said::kConfigError, Said::kGarbage, Said::kHalfFrame};

// Whether it does so by itself, once it is loaded.
bool TurnsBad(Behaviour behaviour) {
  constexpr Behaviour kOthers[] = {Behaviour::kGood,        Behaviour::kSlowStart,  Behaviour::kDiesOnOrder,
                                   Behaviour::kIgnoresTerm, Behaviour::kNeverReads, Behaviour::kTwoFaced,
                                   Behaviour::kHangsAtExec, Behaviour::kIsShell};
  return std::find(std::begin(kOthers), std::end(kOthers), behaviour) == std::end(kOthers);
}

}  // namespace

core::Span Programs::Draw(core::Span max) {
  return DrawSpan(random_, max);
}

core::Span Programs::StartTime(const SimProcess& process) {
  const core::ServicePolicy& policy = host_->PolicyOf(process);
  const core::Span run = policy.timeout == core::Span{} ? core::Seconds(10) : policy.timeout;
  const core::Span limit = policy.oneshot ? run : policy.startup_timeout;
  if (process.behaviour == Behaviour::kSlowStart || process.behaviour == Behaviour::kHangsAtExec) {
    return Draw(core::Span{limit.ns + limit.ns / 3});
  }
  // Only what is quick to start makes a loop that is fast enough to need pacing.
  if (process.behaviour == Behaviour::kCrashLoops) return Draw(core::Milliseconds(200));
  if (host_->calm()) return Draw(std::min(core::Span{limit.ns / 4}, core::Seconds(1)));
  return Draw(std::min(core::Span{limit.ns / 2}, core::Seconds(3)));
}

void Programs::Begin(SimProcess& process, uint32_t place, std::optional<Behaviour> version) {
  if (!host_->calm()) process.behaviour = version.has_value() ? *version : swarm_->DrawBehaviour(random_);
  // Never slower than a third of what is allowed, never faster than the field's workers at a long timeout.
  const core::Span allowed = host_->PolicyOf(process).timeout;
  process.beat_interval = core::Span{allowed.ns / 4 + Draw(core::Span{allowed.ns / 12}).ns};
  process.dies_on = static_cast<core::Order>(random_.Below(4));
  process.holds_pipe = process.behaviour == Behaviour::kForks;
  process.has_group =
      process.behaviour == Behaviour::kLeavesHelper || process.behaviour == Behaviour::kIsShell;
  const core::Span start = StartTime(process);
  if (process.behaviour == Behaviour::kStops && random_.Below(4) == 0)
    host_->Later(place, Draw(start), Action::kTurnBad);
  host_->Later(place, start, Action::kStart);
}

void Programs::Act(SimProcess& process, uint32_t place, Action action) {
  if (action == Action::kGrandchild) return ActGrandchild(process, place);
  if (action == Action::kEndGroup) return host_->EndGroup(process, place);
  if (process.life != SimProcess::Life::kAlive) return;
  if (process.stopped && action != Action::kContinue && action != Action::kDieBySignal9) {
    process.held.push_back(action);
    return;
  }
  switch (action) {
    case Action::kGrandchild:
    case Action::kEndGroup:
      return;
    case Action::kStart:
      return Load(process, place);
    case Action::kBeat:
      if (process.silent) return;
      host_->Write(process, place, Said::kBeat);
      // The write may have led to anything, but the process is still this one.
      host_->Later(place, process.beat_interval, Action::kBeat);
      return;
    case Action::kTurnBad:
      return TurnBad(process, place);
    case Action::kContinue:
      host_->Later(place, Draw(core::Seconds(100)), Action::kTurnBad);
      return Continue(process, place);
    case Action::kLeave:
      return host_->Die(process, place, false, 0);
    case Action::kQuit:
      return host_->Die(process, place, true, 3);
    case Action::kDieBySignal9:
      return host_->Die(process, place, true, 9);
    case Action::kDieOfSignal:
      return host_->Die(process, place, true, process.number);
    case Action::kReadOrder:
      return ReadOrder(process, place);
    case Action::kOverflow:
      if (process.behaviour != Behaviour::kNeverReads) return;
      host_->Misbehaved(process.behaviour);
      return host_->Overflow(process, place);
  }
}

// A oneshot comes to its end, or to where it hangs.
void Programs::RunOnce(SimProcess& process, uint32_t place) {
  switch (process.behaviour) {
    case Behaviour::kNeverLoads:
      return host_->Misbehaved(process.behaviour);
    case Behaviour::kIgnoresTerm:
    case Behaviour::kNeverReads:
      return;
    case Behaviour::kExitsAtStart:
    case Behaviour::kTwoFaced:
    case Behaviour::kDiesOnOrder:
      return host_->Die(process, place, false, kExitCodes[random_.Below(7)]);
    case Behaviour::kDies:
    case Behaviour::kCrashLoops:
      return host_->Die(process, place, true, kSignals[random_.Below(4)]);
    case Behaviour::kHangsAtExec:
      if (random_.Below(2) == 0) return FailToExecute(process, place);
      break;
    case Behaviour::kConfigError:
      host_->Write(process, place, Said::kConfigError);
      break;
    case Behaviour::kGarbage:
      host_->Write(process, place, Said::kGarbage);
      break;
    case Behaviour::kPartialFrame:
      host_->Write(process, place, Said::kHalfFrame);
      break;
    case Behaviour::kFloods:
      for (const Said said : kAnything) host_->Write(process, place, said);
      break;
    case Behaviour::kClosesPipe:
      host_->ClosePipe(process, place);
      break;
    default:
      break;
  }
  host_->Later(place, Draw(core::Seconds(3)), Action::kLeave);
}

void Programs::Load(SimProcess& process, uint32_t place) {
  if (host_->PolicyOf(process).oneshot) return RunOnce(process, place);
  switch (process.behaviour) {
    case Behaviour::kNeverLoads:
      return host_->Misbehaved(process.behaviour);
    case Behaviour::kExitsAtStart:
      host_->Misbehaved(process.behaviour);
      return host_->Die(process, place, false, kExitCodes[random_.Below(7)]);
    case Behaviour::kConfigError:
      host_->Misbehaved(process.behaviour);
      host_->Write(process, place, Said::kConfigError);
      return host_->Later(place, Draw(core::Seconds(1)), Action::kLeave);
    case Behaviour::kSlowStart:
      host_->Misbehaved(process.behaviour);
      break;
    case Behaviour::kPartialFrame:
      if (random_.Below(4) == 0) return host_->Write(process, place, Said::kHalfFrame);
      break;
    case Behaviour::kHangsAtExec:
      host_->Misbehaved(process.behaviour);
      if (random_.Below(2) == 0) return FailToExecute(process, place);
      break;
    default:
      break;
  }
  process.loaded = true;
  host_->Write(process, place, Said::kLoaded);
  host_->Later(place, process.beat_interval, Action::kBeat);
  if (process.behaviour == Behaviour::kNeverReads) {
    // The master writes its own heartbeat of 14 bytes every 2 s, and keeps 4 KiB that the pipe does not take.
    // What people command comes on top.
    const auto beats = static_cast<int64_t>((host_->pipe_bytes() + size_t{4 * 1024}) / 14);
    return host_->Later(place, Draw(core::Seconds(2 * beats)), Action::kOverflow);
  }
  if (process.behaviour == Behaviour::kCrashLoops) return host_->Later(place, {}, Action::kTurnBad);
  if (!TurnsBad(process.behaviour)) return;
  const core::Span most = random_.Below(3) == 0 ? core::Milliseconds(300) : core::Seconds(100);
  host_->Later(place, Draw(most), Action::kTurnBad);
}

void Programs::FailToExecute(SimProcess& process, uint32_t place) {
  process.failed_exec = true;
  host_->Die(process, place, false, 127);
}

void Programs::TurnBad(SimProcess& process, uint32_t place) {
  host_->Misbehaved(process.behaviour);
  switch (process.behaviour) {
    case Behaviour::kGood:
    case Behaviour::kSlowStart:
    case Behaviour::kNeverLoads:
    case Behaviour::kExitsAtStart:
    case Behaviour::kConfigError:
    case Behaviour::kDiesOnOrder:
    case Behaviour::kIgnoresTerm:
    case Behaviour::kNeverReads:
    case Behaviour::kHangsAtExec:
    case Behaviour::kIsShell:
      return;
    case Behaviour::kFallsSilent:
      process.silent = true;
      return;
    case Behaviour::kStops:
      return Stop(process, place);
    case Behaviour::kTwoFaced:
      return ShowOtherFace(process, place);
    case Behaviour::kExitsZero:
      return host_->Die(process, place, false, 0);
    case Behaviour::kForks:
      return Fork(process, place);
    case Behaviour::kLeavesHelper:
      if (random_.Below(2) == 0) return;
      [[fallthrough]];
    case Behaviour::kDies:
    case Behaviour::kCrashLoops:
      if (random_.Below(2) == 0) return host_->Die(process, place, false, kExitCodes[random_.Below(7)]);
      return host_->Die(process, place, true, kSignals[random_.Below(4)]);
    case Behaviour::kGarbage:
      return host_->Write(process, place, random_.Below(4) == 0 ? Said::kConfigError : Said::kGarbage);
    case Behaviour::kPartialFrame:
      process.silent = random_.Below(2) == 0;
      return host_->Write(process, place, Said::kHalfFrame);
    case Behaviour::kClosesPipe:
      if (random_.Below(3) == 0) return host_->StopReading(process, place);
      return host_->ClosePipe(process, place);
    case Behaviour::kAsks:
      host_->Write(process, place, random_.Below(2) == 0 ? Said::kReload : Said::kRestart);
      return host_->Later(place, Draw(core::Seconds(20)), Action::kTurnBad);
    case Behaviour::kLeaves:
      host_->Write(process, place, Said::kLeaves);
      return host_->Later(place, Draw(core::Seconds(10)), Action::kLeave);
    case Behaviour::kFloods:
      host_->Write(process, place, Said::kLoaded);  // once more
      // More than the smaller pipe holds, and now and then more than the larger one.
      for (int i = random_.Below(16) == 0 ? -4400 : 0; i < 600; ++i)
        host_->Write(process, place, Said::kBeat);
      return host_->Later(place, Draw(core::Seconds(200)), Action::kTurnBad);
  }
}

void Programs::Stop(SimProcess& process, uint32_t place) {
  if (host_->calm()) return;
  process.stopped = true;
  if (random_.Below(2) == 0) host_->Later(place, Draw(core::Seconds(100)), Action::kContinue);
}

void Programs::Continue(SimProcess& process, uint32_t place) {
  process.stopped = false;
  for (const Action action : process.held) host_->Later(place, {}, action);
  process.held.clear();
}

// The grandchild begins to write. The worker dies, or closes its own end, or goes on.
void Programs::Fork(SimProcess& process, uint32_t place) {
  if (host_->calm()) return;
  host_->Later(place, Draw(core::Milliseconds(100)), Action::kGrandchild);
  switch (random_.Below(4)) {
    case 0:
      process.silent = true;
      return host_->ClosePipe(process, place);
    case 1:
      return host_->Die(process, place, false, kExitCodes[random_.Below(7)]);
    case 2:
      return host_->Die(process, place, true, kSignals[random_.Below(4)]);
    default:
      return;
  }
}

void Programs::ActGrandchild(SimProcess& process, uint32_t place) {
  // Reaped is the worker, and with it gone the master's end of the pipe.
  if (process.life == SimProcess::Life::kFree) return;
  if (host_->calm() || random_.Below(50) == 0) return host_->EndGrandchild(process, place);
  host_->Write(process, place, kAnything[random_.Below(std::size(kAnything))]);
  const bool often = process.life == SimProcess::Life::kZombie;
  host_->Later(place, Draw(often ? core::Milliseconds(20) : core::Seconds(20)), Action::kGrandchild);
}

void Programs::BeginToLeave(SimProcess& process, uint32_t place) {
  if (process.leaving) return;
  process.leaving = true;
  // What is open takes its time, sometimes more than there is.
  const core::Span allowed = host_->PolicyOf(process).shutdown_timeout;
  const core::Span longest = swarm_->releases ? allowed : core::Seconds(8);
  const core::Span most =
      host_->calm() ? core::Milliseconds(200) : std::min(allowed + core::Span{allowed.ns / 8}, longest);
  host_->Later(place, process.loaded ? Draw(most) : Draw(core::Milliseconds(500)), Action::kLeave);
}

void Programs::ShowOtherFace(SimProcess& process, uint32_t place) {
  switch (random_.Below(4)) {
    case 0:
      return host_->Die(process, place, false, 3);
    case 1:
      return host_->Write(process, place, Said::kGarbage);
    case 2:
      return host_->Write(process, place, Said::kConfigError);
    default:
      process.silent = true;
  }
}

void Programs::OnSuccessor(SimProcess& process, uint32_t place) {
  if (process.behaviour == Behaviour::kTwoFaced)
    host_->Later(place, Draw(core::Seconds(1)), Action::kTurnBad);
}

// An order is read when the last piece of it has come, and never before an earlier one.
void Programs::OnOrder(SimProcess& process, uint32_t place, core::Order order) {
  if (process.life != SimProcess::Life::kAlive || !process.reads_orders) return;
  const core::Span late = random_.Below(8) == 0 ? Draw(core::Milliseconds(100)) : core::Span{};
  process.orders.push_back(order);
  process.reads_at = std::max(process.reads_at, host_->now() + late);
  host_->Later(place, process.reads_at - host_->now(), Action::kReadOrder);
}

void Programs::ReadOrder(SimProcess& process, uint32_t place) {
  const core::Order order = process.orders.front();
  process.orders.pop_front();
  const bool ignores =
      process.behaviour == Behaviour::kIgnoresTerm || process.behaviour == Behaviour::kNeverReads;
  if (ignores || !process.loaded) return;
  if (process.behaviour == Behaviour::kDiesOnOrder && order == process.dies_on) {
    host_->Misbehaved(process.behaviour);
    return host_->Later(place, Draw(core::Milliseconds(50)), Action::kDieBySignal9);
  }
  if (order == core::Order::kStop) BeginToLeave(process, place);
}

// Some end by themselves, sooner or later than they may, and some never.
void Programs::OnGroupLeft(SimProcess& process, uint32_t place) {
  host_->Misbehaved(process.behaviour);
  if (process.group_killed) return host_->Later(place, Draw(core::Milliseconds(20)), Action::kEndGroup);
  const core::Span allowed = host_->PolicyOf(process).shutdown_timeout;
  if (random_.Below(4) != 0)
    host_->Later(place, Draw(allowed + core::Span{allowed.ns / 8}), Action::kEndGroup);
}

void Programs::OnSignal(SimProcess& process, uint32_t place, core::Sig sig) {
  if (sig == core::Sig::kKill) process.group_killed = true;
  // To the group of one that is reaped.
  if (process.life == SimProcess::Life::kLeftGroup && sig == core::Sig::kKill)
    return host_->Later(place, {}, Action::kEndGroup);
  if (process.life != SimProcess::Life::kAlive) return;
  // The master sends no other signal to what has not come to its program.
  const bool hangs = process.behaviour == Behaviour::kHangsAtExec && !process.loaded;
  if (sig == core::Sig::kKill || hangs) {
    process.failed_exec = hangs && random_.Below(2) == 0;  // in exec itself it is a death like any other
    if (!process.unkillable) host_->Later(place, {}, Action::kDieBySignal9);
    return;
  }
  // The master continues a process that it sends one of these.
  if (process.stopped) Continue(process, place);
  if (process.behaviour == Behaviour::kIgnoresTerm) return host_->Misbehaved(process.behaviour);
  if (process.behaviour == Behaviour::kIsShell) {
    process.number = sig == core::Sig::kQuit ? 3 : 15;
    return host_->Later(place, {}, Action::kDieOfSignal);
  }
  if (sig == core::Sig::kQuit) return host_->Later(place, Draw(core::Milliseconds(300)), Action::kQuit);
  BeginToLeave(process, place);
}

void Programs::CalmDown(SimProcess& process, uint32_t place) {
  if (process.unkillable) {
    process.unkillable = false;
    host_->Die(process, place, true, 9);
    return;
  }
  // One that may run for ever hangs for ever.
  if (host_->PolicyOf(process).oneshot) return host_->Die(process, place, true, 9);
  switch (process.behaviour) {
    case Behaviour::kNeverLoads:
    case Behaviour::kIgnoresTerm:
      break;
    case Behaviour::kStops:
      if (process.stopped) break;
      [[fallthrough]];
    default:
      process.behaviour = Behaviour::kGood;
  }
}

}  // namespace fectl::sim
