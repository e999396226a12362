// The types of events: one row for each, from which follow what the master writes, what `fectl events --type`
// takes, and the page event_types.md. A type that was released keeps its name and its meaning.
#ifndef FECTL_PROTO_SPEC_EVENTS_EVENT_TYPES_H_
#define FECTL_PROTO_SPEC_EVENTS_EVENT_TYPES_H_

#include <string_view>

namespace fectl::proto {

enum class EventType {
  // What happened to one worker: `service`, `worker`, and where there is a process `gen` and `pid`.
  kWorkerStarted,
  kWorkerReady,
  kWorkerPaused,
  kWorkerReplacing,
  kWorkerReplaceFailed,
  kWorkerReplaceGivenUp,
  kWorkerReplaced,
  kWorkerStopping,
  kWorkerExited,
  kWorkerHung,
  kWorkerLost,
  kWorkerFailed,
  kWorkerCrashing,
  kWorkerRecovered,
  kWorkerUnkillable,
  kWorkerDone,
  kWorkerExamined,
  // What happened to a service: `service`.
  kServiceAdded,
  kServiceRemoved,
  kServiceStarting,
  kServiceReady,
  kServiceDegraded,
  kServiceCrashing,
  kServicePaused,
  kServiceReloading,
  kServiceStopping,
  kServiceStopped,
  kServiceFailed,
  kServiceWaiting,
  kServiceDone,
  kScaleChanged,
  kRolloutStarted,
  kRolloutDone,
  kRolloutFailed,
  kRolloutAborted,
  kRolloutCommitted,
  kRolloutReverted,
  // What happened to the master, and what it saw.
  kMasterStarted,
  kMasterStopping,
  kConfigPlanned,
  kConfigApplying,
  kConfigApplied,
  kConfigFailed,
  kSocketOpened,
  kSocketClosed,
  kAccessRefused,
  kLogDropped,
  kLast = kLogDropped,
};

struct EventTypeRow {
  EventType type;
  std::string_view name;
  std::string_view meaning;
  std::string_view data;  // the members that its `data` may have, with blanks between them
};

// By type. `why` is for people: words as in the log.
inline constexpr EventTypeRow kEventTypes[] = {
    {EventType::kWorkerStarted, "worker.started", "a process was started", "why"},
    {EventType::kWorkerReady, "worker.ready", "it is loaded and was told to serve, or a pause has ended",
     "why"},
    {EventType::kWorkerPaused, "worker.paused", "it was told to accept nothing new", "why"},
    {EventType::kWorkerReplacing, "worker.replacing", "a successor was started beside it", "why how"},
    {EventType::kWorkerReplaceFailed, "worker.replace_failed", "the successor failed; the old one serves on",
     "why how"},
    {EventType::kWorkerReplaceGivenUp, "worker.replace_given_up",
     "the successor was given up, without a fault of its", "why how"},
    {EventType::kWorkerReplaced, "worker.replaced", "the old one was told to finish: its successor serves",
     "why"},
    {EventType::kWorkerStopping, "worker.stopping", "it was told to leave, or has less time than it had",
     "why"},
    {EventType::kWorkerExited, "worker.exited", "a process that was to leave has ended",
     "why expected code signal cut_short"},
    {EventType::kWorkerHung, "worker.hung", "it sent no heartbeat, or did not load in time, and is killed",
     "why"},
    {EventType::kWorkerLost, "worker.lost", "a process that should have gone on has ended, or is made to",
     "why expected code signal"},
    {EventType::kWorkerFailed, "worker.failed", "its place is given up: no further attempt is made", "why"},
    {EventType::kWorkerCrashing, "worker.crashing", "it is lost again and again", "why"},
    {EventType::kWorkerRecovered, "worker.recovered", "it has served long enough to be called stable again",
     ""},
    {EventType::kWorkerUnkillable, "worker.unkillable", "it still exists after SIGKILL", "why"},
    {EventType::kWorkerDone, "worker.done", "the process of a oneshot has ended with 0", "why"},
    {EventType::kWorkerExamined, "worker.examined", "it was found out where a process hung or crashed",
     "why"},
    {EventType::kServiceAdded, "service.added", "there is another service", "num"},
    {EventType::kServiceRemoved, "service.removed", "the service and all its processes are gone", ""},
    {EventType::kServiceStarting, "service.starting", "it is starting", "why num"},
    {EventType::kServiceReady, "service.ready", "all its workers are loaded; a oneshot runs", "why num"},
    {EventType::kServiceDegraded, "service.degraded", "fewer workers serve than are wanted", "why num"},
    {EventType::kServiceCrashing, "service.crashing", "a worker of it is lost again and again", "why num"},
    {EventType::kServicePaused, "service.paused", "it accepts nothing new", "why num"},
    {EventType::kServiceReloading, "service.reloading", "its workers are being replaced", "why num"},
    {EventType::kServiceStopping, "service.stopping", "it was told to stop", "why num"},
    {EventType::kServiceStopped, "service.stopped", "nothing of it is left", "why num"},
    {EventType::kServiceFailed, "service.failed", "a place of it was given up", "why num"},
    {EventType::kServiceWaiting, "service.waiting", "its start waits for other services", "why num"},
    {EventType::kServiceDone, "service.done", "the oneshot has ended with 0", "why num"},
    {EventType::kScaleChanged, "scale.changed", "another number of workers is wanted", "num before"},
    {EventType::kRolloutStarted, "rollout.started", "a reload or a restart has begun", ""},
    {EventType::kRolloutDone, "rollout.done", "all of its workers have a successor", ""},
    {EventType::kRolloutFailed, "rollout.failed", "it has failed: those that were not replaced serve on",
     "why"},
    {EventType::kRolloutAborted, "rollout.aborted", "an operator or a stop ended it", "why"},
    {EventType::kRolloutCommitted, "rollout.committed", "new workers serve, and have to prove themselves",
     "why"},
    {EventType::kRolloutReverted, "rollout.rolled_back",
     "its new workers proved bad: each place runs what it ran before", "why"},
    {EventType::kMasterStarted, "master.started", "fectld was started", "version pid"},
    {EventType::kMasterStopping, "master.stopping", "fectld was told to end", "why"},
    {EventType::kConfigPlanned, "config.planned", "somebody asked what an application would do", "who id"},
    {EventType::kConfigApplying, "config.applying", "a version of the configuration is being brought about",
     "who version"},
    {EventType::kConfigApplied, "config.applied", "a version of the configuration runs", "version"},
    {EventType::kConfigFailed, "config.failed", "an application was refused, or has failed",
     "who version why"},
    {EventType::kSocketOpened, "socket.opened", "a listener was opened", "socket address"},
    {EventType::kSocketClosed, "socket.closed", "the configuration has a listener no longer",
     "socket address"},
    {EventType::kAccessRefused, "access.refused", "a client was not allowed what it asked",
     "who request count"},
    {EventType::kLogDropped, "log.dropped", "lines of workers, or events, were lost", "count why"},
};

constexpr const EventTypeRow& RowOf(EventType type) {
  return kEventTypes[static_cast<int>(type)];
}

// nullptr: no type has this name.
constexpr const EventTypeRow* FindEventType(std::string_view name) {
  for (const EventTypeRow& row : kEventTypes) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// Whether the word names a type, or, as "worker.*" does, all that begin so.
constexpr bool NamesEventTypes(std::string_view word) {
  if (!word.ends_with(".*")) return FindEventType(word) != nullptr;
  word.remove_suffix(1);
  for (const EventTypeRow& row : kEventTypes) {
    if (row.name.starts_with(word)) return true;
  }
  return false;
}

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_EVENTS_EVENT_TYPES_H_
