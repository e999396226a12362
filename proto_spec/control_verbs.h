// The requests of the control protocol: one row for each, from which follow what the parser takes, who may
// ask it, and what the command line says of it. A new request is a row here, its line in the tables of
// control_protocol.md, and its implementation. Pure.
#ifndef FECTL_PROTO_SPEC_CONTROL_VERBS_H_
#define FECTL_PROTO_SPEC_CONTROL_VERBS_H_

#include <string_view>

#include "proto_spec/frame.h"

namespace fectl::proto {

enum class Verb {
  kPing,
  kPid,
  kVersion,
  kQuit,
  kStatus,
  kSPid,
  kStart,
  kStop,
  kReload,
  kRestart,
  kPause,
  kResume,
  kHello,
  kOverview,
  kInspect,
  kSend,
  kListen,
  kUnsubscribe,
  kPlan,
  kApply,
  kScale,
  kWhy,
  kWorkers,
  kRollout,
  kSteer,
};

// What a request's data is.
enum class Arguments {
  kNone,
  kVersion,         // {"version": N}
  kService,         // a service's name; at level 3 also {"service": name}
  kReplacement,     // as kService; at level 3 also {"service": name, "leave_wait_s": seconds, "worker": N}
  kMessage,         // {"service": name, "worker": N, "json": text}
  kSubscription,    // {"id": N, "service": name}
  kSubscriptionId,  // {"id": N}
  kPlan,            // {"id": text, "file": path, "revert": bool, "wait": bool, "service": name}, all optional
  kScale,           // {"service": name} with one of "to": N, "by": N, "reset": true
  kRollout,         // {"service": name, "order": "promote", "pause" or "abort"}
  kWorker,          // {"service": name, "worker": N}; without `worker` the service as a whole
};

// What a client must be allowed to do ([master] allow).
enum class Access { kObserve, kOperate };

struct VerbRow {
  Verb verb;
  std::string_view word;  // on the wire
  Level level;            // the lowest at which it is understood
  Arguments arguments;
  Access access;
  std::string_view answer;   // the word of the answer when it was done
  std::string_view command;  // of fectl; empty: no command has this verb alone
  std::string_view summary;  // the command's line in `fectl --help`
};

// By verb. (Hello is understood at the base level: it is how a client leaves it.)
inline constexpr VerbRow kVerbs[] = {
    {Verb::kPing, "Ping", Level::kBase, Arguments::kNone, Access::kObserve, "Pong", "ping",
     "check that fectld answers"},
    {Verb::kPid, "Pid", Level::kBase, Arguments::kNone, Access::kObserve, "Pid", "pid",
     "print fectld's process id"},
    {Verb::kVersion, "Version", Level::kBase, Arguments::kNone, Access::kObserve, "Version", "version",
     "print the version of the running fectld"},
    {Verb::kQuit, "Quit", Level::kBase, Arguments::kNone, Access::kOperate, "Done", "quit",
     "stop all services and end fectld"},
    {Verb::kStatus, "Status", Level::kBase, Arguments::kService, Access::kObserve, "ServiceStatus", "", ""},
    {Verb::kSPid, "SPid", Level::kBase, Arguments::kService, Access::kObserve, "ServiceWorkerPids", "spid",
     "print the pids of a service's workers"},
    {Verb::kStart, "Start", Level::kBase, Arguments::kService, Access::kOperate, "ServiceStarted", "start",
     "start stopped or failed services"},
    {Verb::kStop, "Stop", Level::kBase, Arguments::kService, Access::kOperate, "ServiceStopped", "stop",
     "let the workers finish, then stop them"},
    {Verb::kReload, "Reload", Level::kBase, Arguments::kReplacement, Access::kOperate, "ServiceStarted",
     "reload", "replace the workers without losing a request"},
    {Verb::kRestart, "Restart", Level::kBase, Arguments::kReplacement, Access::kOperate, "ServiceStarted",
     "restart", "replace the workers at once"},
    {Verb::kPause, "Pause", Level::kBase, Arguments::kService, Access::kOperate, "Done", "pause",
     "accept no new connections for a while"},
    {Verb::kResume, "Resume", Level::kBase, Arguments::kService, Access::kOperate, "Done", "resume",
     "accept connections again"},
    {Verb::kHello, "Hello", Level::kBase, Arguments::kVersion, Access::kObserve, "Hello", "", ""},
    {Verb::kOverview, "Overview", Level::kTwo, Arguments::kNone, Access::kObserve, "Overview", "", ""},
    {Verb::kInspect, "Inspect", Level::kTwo, Arguments::kService, Access::kObserve, "Inspect", "", ""},
    {Verb::kSend, "Send", Level::kThree, Arguments::kMessage, Access::kOperate, "Sent", "send",
     "send a message to the workers of a service"},
    {Verb::kListen, "Listen", Level::kThree, Arguments::kSubscription, Access::kObserve, "Subscribed",
     "listen", "print the messages that workers send"},
    {Verb::kUnsubscribe, "Unsubscribe", Level::kThree, Arguments::kSubscriptionId, Access::kObserve, "Done",
     "", ""},
    {Verb::kPlan, "Plan", Level::kThree, Arguments::kPlan, Access::kOperate, "Plan", "plan",
     "say what a changed configuration would do"},
    {Verb::kApply, "Apply", Level::kThree, Arguments::kPlan, Access::kOperate, "Applied", "apply",
     "do what plan says, without a restart"},
    {Verb::kScale, "Scale", Level::kThree, Arguments::kScale, Access::kOperate, "Done", "scale",
     "change how many workers a service has"},
    {Verb::kWhy, "Why", Level::kThree, Arguments::kWorker, Access::kObserve, "Why", "why",
     "explain why a service is as it is"},
    {Verb::kWorkers, "Workers", Level::kThree, Arguments::kNone, Access::kObserve, "Overview", "", ""},
    {Verb::kRollout, "Rollout", Level::kThree, Arguments::kService, Access::kObserve, "Rollout", "rollout",
     "show, promote, pause or abort a rollout"},
    {Verb::kSteer, "Steer", Level::kThree, Arguments::kRollout, Access::kOperate, "Done", "", ""},
};

constexpr const VerbRow& RowOf(Verb verb) {
  for (const VerbRow& row : kVerbs) {
    if (row.verb == verb) return row;
  }
  return kVerbs[0];
}

// nullptr: no request has this word.
constexpr const VerbRow* FindVerb(std::string_view word) {
  for (const VerbRow& row : kVerbs) {
    if (row.word == word) return &row;
  }
  return nullptr;
}

// Whether the request names one service.
constexpr bool TakesService(Verb verb) {
  const Arguments arguments = RowOf(verb).arguments;
  return arguments == Arguments::kService || arguments == Arguments::kReplacement ||
         arguments == Arguments::kMessage || arguments == Arguments::kSubscription ||
         arguments == Arguments::kScale || arguments == Arguments::kWorker ||
         arguments == Arguments::kRollout;
}

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_CONTROL_VERBS_H_
