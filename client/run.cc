#include "client/run.h"

#include <string.h>

#include <utility>
#include <variant>

#include "client/changes/run_oneshot.h"
#include "client/changes/run_plan.h"
#include "client/changes/run_scale.h"
#include "client/command_line/command_line.h"
#include "client/command_line/commands.h"
#include "client/command_line/completion.h"
#include "client/command_line/help.h"
#include "client/context.h"
#include "client/events/run_events.h"
#include "client/exit_code.h"
#include "client/incidents/run_incident.h"
#include "client/init/run_init.h"
#include "client/json_text.h"
#include "client/live/run_refresh.h"
#include "client/live/run_top.h"
#include "client/live/run_wait.h"
#include "client/logs/run_logs.h"
#include "client/messages/run_messages.h"
#include "client/rollouts/run_rollout.h"
#include "client/run_operations.h"
#include "client/run_queries.h"
#include "client/run_quit.h"
#include "client/serve/run_serve.h"
#include "client/session/clock.h"
#include "client/session/socket_path.h"
#include "client/watch/run_watch.h"
#include "client/why/run_why.h"
#include "proto_spec/version.h"

namespace fectl::client {
namespace {

int Misuse(const UsageError& error, Output& output) {
  if (error.json) output.Out(ErrorJson(kUsage, error.text));
  output.Err("fectl: " + error.text + " (fectl --help tells more)\n");
  return kUsage;
}

int Help(const Invocation& invocation, Output& output) {
  const bool explain = invocation.command == CommandKind::kHelp && !invocation.operands.empty();
  const Command& command = explain ? *FindCommand(invocation.operands[0]) : CommandOf(invocation.command);
  output.Out(command.kind == CommandKind::kHelp && !explain ? GeneralHelp() : CommandHelp(command));
  return kDone;
}

int Completion(const Context& context) {
  context.output.Out(CompletionScript(context.invocation.operands[0]));
  return kDone;
}

int RunChange(const Context& context) {
  switch (context.invocation.command) {
    case CommandKind::kApply:
      return RunApply(context);
    case CommandKind::kRollout:
      return RunRollout(context);
    case CommandKind::kRollback:
      return RunRollback(context);
    case CommandKind::kScale:
      return RunScale(context);
    default:
      return RunPlan(context);
  }
}

int RunCommand(const Context& context) {
  switch (context.invocation.command) {
    case CommandKind::kStatus:
      return context.invocation.refresh ? RunRefresh(context, RunStatus) : RunStatus(context);
    case CommandKind::kStart:
    case CommandKind::kStop:
    case CommandKind::kReload:
    case CommandKind::kRestart:
    case CommandKind::kPause:
    case CommandKind::kResume:
      return RunOperations(context);
    case CommandKind::kSPid:
      return RunSPid(context);
    case CommandKind::kPid:
      return RunPid(context);
    case CommandKind::kVersion:
      return RunVersion(context);
    case CommandKind::kVersionCheck:
      return RunVersionCheck(context);
    case CommandKind::kPing:
      return RunPing(context);
    case CommandKind::kQuit:
      return RunQuit(context);
    case CommandKind::kSend:
      return RunSend(context);
    case CommandKind::kListen:
      return RunListen(context);
    case CommandKind::kPlan:
    case CommandKind::kApply:
    case CommandKind::kRollout:
    case CommandKind::kRollback:
    case CommandKind::kScale:
      return RunChange(context);
    case CommandKind::kRun:
      return RunOneshot(context);
    case CommandKind::kEvents:
      return RunEvents(context);
    case CommandKind::kWhy:
      return RunWhy(context);
    case CommandKind::kWait:
      return RunWait(context);
    case CommandKind::kTop:
      return RunTop(context);
    case CommandKind::kLogs:
      return RunLogs(context);
    case CommandKind::kIncident:
      return RunIncident(context);
    case CommandKind::kServe:
      return RunServe(context);
    case CommandKind::kInit:
      return RunInit(context);
    case CommandKind::kWatch:
      return RunWatch(context);
    case CommandKind::kCompletion:
      return Completion(context);
    case CommandKind::kHelp:
      break;
  }
  return Help(context.invocation, context.output);
}

int RunInvocation(const Invocation& invocation, const Surroundings& surroundings, Output& output) {
  if (invocation.help || invocation.command == CommandKind::kHelp) {
    if (!invocation.print_version) return Help(invocation, output);
  }
  if (invocation.print_version) {
    output.Out(invocation.json ? VersionJson(proto::kServerName) : std::string(proto::kServerName) + "\n");
    return kDone;
  }
  Limits limits;
  limits.silence_ms = surroundings.silence_ms;
  if (invocation.timeout_ms.has_value()) {
    limits.timeout_ms = *invocation.timeout_ms;
    limits.deadline_ms = MonotonicMs() + limits.timeout_ms;
  }
  const Context context = {
      .invocation = invocation,
      .output = output,
      .socket_path = SocketPath(invocation.sock, surroundings.socket_variable, surroundings.caller_directory),
      .limits = limits,
      .out_is_terminal = surroundings.out_is_terminal,
      .colours_on = surroundings.out_is_terminal && surroundings.colours_allowed,
      .show_progress = surroundings.err_is_terminal,
      .program = surroundings.program,
      .directory = surroundings.caller_directory,
  };
  return RunCommand(context);
}

}  // namespace

int Run(const std::vector<std::string>& args, const Surroundings& surroundings, Output& output) {
  int exit_code;
  if (args.empty()) {
    output.Err(GeneralHelp());
    return kUsage;
  }
  const std::variant<Invocation, UsageError> parsed = ParseCommandLine(args);
  if (const UsageError* error = std::get_if<UsageError>(&parsed)) {
    exit_code = Misuse(*error, output);
  } else {
    exit_code = RunInvocation(std::get<Invocation>(parsed), surroundings, output);
  }
  if (output.write_error() != 0) {
    output.Err(std::string("fectl: cannot write to standard output: ") + strerror(output.write_error()) +
               "\n");
    if (exit_code == kDone) exit_code = kFailed;
  }
  return exit_code;
}

}  // namespace fectl::client
