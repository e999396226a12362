#include "master/explain/worker.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "master/core/basis/limits.h"
#include "master/core/boundary/cause.h"
#include "master/core/boundary/history.h"
#include "master/core/slot/slot.h"
#include "master/core/slot/slot_state.h"
#include "master/explain/past.h"
#include "master/explain/spoken.h"

namespace fectl::explain {
namespace {

using core::Cause;
using core::Milestone;

std::string Pid(const core::Process& process) {
  return process.pid == 0 ? "no pid yet" : "pid " + std::to_string(process.pid);
}

// Adds a sentence.
void Add(std::string* text, const std::string& sentence) {
  if (sentence.empty()) return;
  if (!text->empty()) *text += " ";
  *text += sentence;
}

// One slot's answer; called with its state.
class Story {
 public:
  Story(const core::Service& service, uint32_t index, const core::Moment& at)
      : service_(service),
        slot_(service.slots()[index]),
        at_(at),
        who_(service.policy().oneshot ? NameOf(service, index) : Sentence(NameOf(service, index))),
        target_(TargetOf(service, index)) {
    view_.service = service.policy().name;
    view_.worker = static_cast<int>(index) + 1;
  }

  proto::WhyView Tell() {
    std::visit(*this, slot_.state());
    if (!std::holds_alternative<core::Vacant>(slot_.state())) Add(&view_.next, LeavingWords(slot_, at_.now));
    return view_;
  }

  void operator()(const core::Vacant& /*nobody*/) {
    if (!slot_.leaving().empty()) return TellStopping();
    view_.state = "stopped";
    if (const core::WaitOperation* wait = service_.waiting()) {
      view_.state = "waiting";
      view_.what = who_ + " has no process: the start of the service is " + wait->words + ".";
      view_.next = "It starts with its service: fectl why " + name() + ".";
      return Since(service_.told().since);
    }
    view_.what = who_ + " is stopped.";
    const core::Record* last =
        Newest(slot_, {Milestone::kStopped, Milestone::kStopping, Milestone::kCutShort});
    if (last == nullptr) {
      view_.because = "It was not started since fectld was.";
    } else {
      Since(*last);
      view_.because = WhyItLeft(slot_);
      if (last->pid != 0) Add(&view_.because, "Its process " + core::ToWords(last->cause) + ".");
    }
    view_.next = "Nothing, until somebody starts the service.";
    view_.change = "fectl start " + name() + " starts it.";
  }

  void operator()(const core::Waiting& waiting) {
    view_.state = "waiting";
    if (const core::Record* lost = Newest(slot_, {Milestone::kLost, Milestone::kStopped})) Since(*lost);
    if (slot_.has_unkillable() && waiting.retry_at == core::kNever) return TellUnkillable();
    view_.what = who_ + " has no process: it waits for its next attempt.";
    view_.because = "It " + LossWords(slot_) + ".";
    if (waiting.retry_at == core::kNever) {
      view_.next = "Nothing: fectld stops.";
    } else if (waiting.room_at != core::kNever) {
      view_.next = "It is tried again in " + Spoken(waiting.retry_at - at_.now) +
                   ", and at once when fectld itself makes room; such attempts are not counted.";
      view_.change = "Raise the limit that is named, or stop something else.";
    } else {
      TellBackoff(waiting);
    }
  }

  void operator()(const core::Starting& starting) {
    const core::Process& process = starting.process;
    view_.state = process.oneshot ? "running" : "starting";
    Since(process.since);
    view_.what = who_ + (process.oneshot ? " runs (" : " is starting (") + Pid(process) + ").";
    view_.because = OriginOf(slot_, process, starting.cause);
    if (process.oneshot) return TellOneshot(starting);
    const uint32_t attempts = std::max(1U, service_.policy().restarts);
    view_.next = "It has to say `loaded` within " +
                 Left(starting.deadline, service_.policy().startup_timeout) +
                 "; else it is killed, and the start has failed.";
    Add(&view_.next, "This is attempt " + std::to_string(slot_.failed_starts() + 1) + " of " +
                         std::to_string(attempts) + ".");
    view_.change = "`startup_timeout` (" + Spoken(service_.policy().startup_timeout) +
                   ") is how long a start may take, `restarts` (" + std::to_string(attempts) +
                   ") how many in a row may fail.";
  }

  void operator()(const core::Serving& serving) {
    using LastOrder = core::Serving::LastOrder;
    if (serving.last_order != LastOrder::kStart) return TellPaused(serving);
    view_.state = "running";
    Since(serving.loaded_at);
    view_.what = who_ + " serves (" + Pid(serving.process) + ").";
    view_.because = OriginOf(slot_, serving.process, {});
    TellHeartbeat(serving);
    if (slot_.crashing()) {
      Add(&view_.because, "It was lost " + std::to_string(slot_.losses()) + " times in a row.");
      Add(&view_.next, "Until it has served for " + Spoken(core::kStableAfter) + ", in " +
                           Spoken(serving.loaded_at + core::kStableAfter - at_.now) +
                           ", it is called crashing.");
    }
    if (slot_.ask_at() != core::kNever)
      Add(&view_.next,
          "It has asked to be replaced, which begins in " + Spoken(slot_.ask_at() - at_.now) + ".");
    view_.change = "fectl reload " + target_ + " replaces it; `timeout` (" + Spoken(serving.process.timeout) +
                   ") is how long it may be silent.";
  }

  void operator()(const core::Replacing& replacing) {
    const bool reload = replacing.urgency == core::Urgency::kReload;
    view_.state = reload ? "reloading" : "restarting";
    Since(replacing.next.since);
    view_.what = who_ + " is being replaced: " + Pid(replacing.old.process) + " serves, and its successor (" +
                 Pid(replacing.next) + ") " + (replacing.next_loaded ? "has loaded." : "is starting.");
    view_.because = replacing.cause.kind == Cause::Kind::kOperator
                        ? std::string("An operator ") + (reload ? "reloaded" : "restarted") + " the service."
                        : OriginOf(slot_, replacing.next, replacing.cause);
    if (replacing.next_loaded) {
      view_.next = "The new one serves as soon as the others that are replaced with it have loaded, too.";
    } else {
      view_.next = "The new one has to say `loaded` within " +
                   Left(replacing.deadline, service_.policy().startup_timeout) +
                   "; then it serves, and the old one is told to finish.";
    }
    Add(&view_.next, "If it fails, the old one serves on.");
    view_.change = "`startup_timeout` (" + Spoken(service_.policy().startup_timeout) +
                   ") is how long a start may take; fectl stop " + name() + " ends both.";
  }

  void operator()(const core::Baking& baking) {
    view_.state = "running";
    Since(baking.now.loaded_at);
    view_.what = who_ + " serves (" + Pid(baking.now.process) + "); the worker before it (" +
                 Pid(baking.old.process) + ") is kept, paused.";
    view_.because = "An operator reloaded the service, and the new worker has to prove itself.";
    view_.next = "If it is lost, the old one serves again at once; else the old one is told to finish.";
    view_.change =
        "fectl rollout promote " + name() + " ends the trial, fectl rollout abort " + name() + " goes back.";
  }

  void operator()(const core::GivenUp& /*failed*/) {
    view_.state = "failed";
    if (const core::Record* failed = Newest(slot_, {Milestone::kFailed})) Since(*failed);
    view_.what = who_ + " has failed: it is not tried again.";
    const Cause& cause = slot_.last_trouble();
    const std::string words = LossWords(slot_);
    const uint32_t attempts = std::max(1U, service_.policy().restarts);
    if (cause.kind == Cause::Kind::kConfigError) {
      view_.because = "It said that another attempt is of no use: " + core::ToWords(cause) + ".";
    } else if (service_.policy().oneshot) {
      view_.because = "It " + core::ToWords(cause) + "; a oneshot is tried once.";
    } else {
      view_.because = Counted(attempts, "start") + (attempts == 1 ? " has" : " in a row have") +
                      " failed, as many as `restarts` allows; the last process " + words + ".";
    }
    view_.next = "Nothing, until somebody starts it again.";
    view_.change = service_.policy().oneshot
                       ? "When the cause is mended, fectl run " + name() + " runs it again."
                       : "When the cause is mended, fectl start " + name() + " tries it again.";
  }

  void operator()(const core::Done& done) {
    view_.state = "done";
    Since(done.since);
    view_.what = who_ + " is done: it has ended with 0.";
    if (const core::Record* run = Newest(slot_, {Milestone::kStarting})) {
      core::Process process;
      process.pid = run->pid;
      view_.because = OriginOf(slot_, process, run->cause);
    }
    view_.next = "Nothing, until it is run again.";
    view_.change = "fectl run " + name() + " runs it again.";
  }

 private:
  const std::string& name() const { return service_.policy().name; }

  void Since(core::Instant since) {
    if (since == core::kNever) return;
    const core::Span ago = at_.now - since;
    view_.since_s = static_cast<double>(std::max<int64_t>(0, core::ToMilliseconds(ago))) / 1000;
    view_.since_at = at_.wall_seconds - ago.ns / 1'000'000'000;
  }
  void Since(const core::Record& record) {
    view_.since_at = record.wall_seconds;
    view_.since_s = static_cast<double>(std::max<int64_t>(0, at_.wall_seconds - record.wall_seconds));
  }

  // Until the deadline; of a process that does not exist yet, the time that it is going to have.
  std::string Left(core::Instant deadline, core::Span whole) const {
    return Spoken(deadline == core::kNever ? whole : deadline - at_.now);
  }

  void TellBackoff(const core::Waiting& waiting) {
    const uint32_t attempts = std::max(1U, service_.policy().restarts);
    if (slot_.losses() > 1)
      Add(&view_.because, "That was the " + Ordinal(slot_.losses()) + " loss in a row.");
    view_.next = "It is started again in " + Spoken(waiting.retry_at - at_.now) + ".";
    if (waiting.why == Cause::Kind::kAfterFailedStart) {
      Add(&view_.next, "This will be attempt " + std::to_string(slot_.failed_starts() + 1) + " of " +
                           std::to_string(attempts) + "; if the last one fails, it is given up.");
    } else {
      Add(&view_.next, "Each further loss doubles the wait, up to " + Spoken(core::kBackoffMax) +
                           ", until it has served for " + Spoken(core::kStableAfter) + ".");
    }
    // Before a start is over it cannot be replaced.
    const bool starts = std::holds_alternative<core::StartOperation>(service_.operation());
    view_.change = starts
                       ? "`restarts` (" + std::to_string(attempts) + ") is how many starts in a row may fail."
                       : "fectl restart " + target_ + " starts it now.";
  }

  void TellUnkillable() {
    const auto hangs = std::find_if(slot_.leaving().begin(), slot_.leaving().end(),
                                    [](const core::Leaving& leaving) { return leaving.unkillable(); });
    const std::string pid = std::to_string(hangs->process.pid);
    view_.what = who_ + " has no process that could serve.";
    view_.because =
        "Its last one (pid " + pid +
        ") still exists after SIGKILL: it hangs in the kernel, and the next one would hang there, too.";
    view_.next = "It is started as soon as pid " + pid + " is gone.";
    view_.change = "No command: see what it waits for in /proc/" + pid + "/stack (a file system, mostly).";
  }

  void TellOneshot(const core::Starting& starting) {
    const core::Span timeout = service_.policy().timeout;
    view_.next = starting.deadline == core::kNever
                     ? "It is done when it ends with 0, and failed when it ends otherwise."
                     : "It has to end with 0 within " + Left(starting.deadline, timeout) +
                           "; else it is ended, and has failed.";
    view_.change = timeout == core::Span{0} ? "fectl stop " + name() + " ends it."
                                            : "`timeout` (" + Spoken(timeout) + ") is how long it may run.";
  }

  void TellPaused(const core::Serving& serving) {
    view_.state = "paused";
    const core::Record* paused = Newest(slot_, {Milestone::kPaused});
    if (paused != nullptr) Since(*paused);
    view_.what =
        who_ + " is paused (" + Pid(serving.process) + "): it finishes what is open and accepts nothing.";
    view_.because = paused != nullptr && paused->cause.kind == Cause::Kind::kOperator
                        ? "An operator paused the service."
                        : "The service was paused when it was started.";
    if (slot_.restarts() > 0) Add(&view_.because, OriginOf(slot_, serving.process, {}));
    view_.next = "It stays so until the service is resumed; clients wait in the queue of the socket.";
    view_.change = "fectl resume " + name() + " ends the pause.";
  }

  void TellHeartbeat(const core::Serving& serving) {
    const core::Process& process = serving.process;
    const std::string left = Spoken(serving.deadline - at_.now);
    if (process.channel_closed) {
      view_.next = "It has closed its pipe to fectld, and is ended and replaced in " + left + ".";
      return;
    }
    view_.next = "Nothing is due. It is killed and replaced if no heartbeat comes within " + left + ".";
    if (process.message_due != core::kNever)
      Add(&view_.next, "It has begun a message, and is replaced if that has no end within " +
                           Spoken(process.message_due - at_.now) + ".");
  }

  void TellStopping() {
    view_.state = "stopping";
    const core::Leaving& newest = slot_.leaving().back();
    Since(newest.told_at);
    view_.what = who_ + " is stopping.";
    view_.because = WhyItLeft(slot_);
    view_.next = LeavingWords(slot_, at_.now);
    view_.change = "`shutdown_timeout` (" + Spoken(service_.policy().shutdown_timeout) +
                   ") is how long a worker has to finish.";
  }

  const core::Service& service_;
  const core::Slot& slot_;
  const core::Moment& at_;
  std::string who_;
  std::string target_;
  proto::WhyView view_;
};

std::string LeavingOne(const core::Leaving& leaving, core::Instant now) {
  const std::string pid = "pid " + std::to_string(leaving.process.pid);
  const std::string left = Spoken(leaving.deadline - now);
  if (leaving.unkillable()) return "SIGKILL did not end " + pid + ": it hangs in the kernel.";
  if (leaving.stage == core::Leaving::Stage::kKilled)
    return Sentence(pid) + " was sent SIGKILL and is about to end.";
  if (leaving.examined && !leaving.ended)
    return Sentence(pid) + " hangs: it is found out where, for at most " + left + ", then it is killed.";
  if (leaving.ended)
    return Sentence(pid) + " has ended; processes that it had started have " + left +
           " left, then they are killed.";
  const std::string end = " left to finish, then it is killed.";
  return Sentence(pid) + " has " + left + end;
}

}  // namespace

std::string NameOf(const core::Service& service, uint32_t index) {
  const std::string& name = service.policy().name;
  return service.policy().oneshot ? name : "worker " + std::to_string(index + 1) + " of " + name;
}

std::string TargetOf(const core::Service& service, uint32_t index) {
  const std::string& name = service.policy().name;
  return service.policy().num == 1 ? name : "'" + name + "[" + std::to_string(index + 1) + "]'";
}

std::string LeavingWords(const core::Slot& slot, core::Instant now) {
  const auto count = slot.leaving().size();
  if (count == 0) return "";
  if (count == 1) return LeavingOne(slot.leaving().front(), now);
  return Counted(count, "process") +
         " of it are leaving; of the oldest: " + LeavingOne(slot.leaving().front(), now);
}

proto::WhyView ExplainWorker(const core::Service& service, uint32_t index, const core::Moment& at) {
  return Story(service, index, at).Tell();
}

}  // namespace fectl::explain
