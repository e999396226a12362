#include "client/command_line/commands.h"

#include <algorithm>

namespace fectl::client {
namespace {

// A command that is one request.
constexpr Command Asks(CommandKind kind, proto::Verb verb, Operands operands, std::string_view semantics) {
  const proto::VerbRow& row = proto::RowOf(verb);
  return {kind, row.command, operands, row.summary, semantics, &row};
}

constexpr Command kCommands[] = {
    {CommandKind::kStatus, "status", Operands::kOptionalService, "show all services, or the workers of one",
     R"(Without a name: one line for each service, with the workers that serve and are
configured, the restarts that nobody asked for, the addresses it listens on, and
what is wrong with it at present. With a name: that service with each worker
(pid, state, time since its start, restarts, last cause), the processes which
were replaced and are still finishing their work, and the recent events.

Returns at once. Exits 0 whatever the state of the services is; 1 if there is no
such service.

With -w it is shown again, on a terminal each second until q or Ctrl-C, in a
pipe whenever something has changed; a fectld that is not there is waited for.

With --check, for monitors: one line for each service that does not serve with
all its workers, of all services or of those that are named, and exit 1; nothing
and exit 0 if all is well.
)"},
    Asks(CommandKind::kStart, proto::Verb::kStart, Operands::kServices,
         R"(Starts the workers of services which have been stopped or have failed. Returns
when all workers serve, or when the start has failed. A service that is running
already is left alone, which counts as done; one that is paused is refused.
During a reload or a stop the start waits for its end.

Exits 0 if every service serves; 1 if one was refused or failed.
)"),
    Asks(CommandKind::kStop, proto::Verb::kStop, Operands::kServices,
         R"(Asks the workers to finish what is open and to exit; after the service's
shutdown_timeout the rest is killed. The listening sockets stay open, so clients
wait in the queue until the next start. Returns when the last worker has exited.
A service that is stopped already is left alone, which counts as done.

Exits 0 if every service has stopped; 1 if one was refused or failed.
)"),
    Asks(CommandKind::kReload, proto::Verb::kReload, Operands::kServices,
         R"(Starts new workers beside the old ones. When the new ones have loaded they begin
to serve, and the old ones finish what is open and exit. No connection is
refused or reset. If the new workers do not load, the old ones keep serving and
the reload has failed; the reason is on stderr. A reload that is asked for while
another one goes on follows it, so what serves in the end was loaded after it.
With all, patterns and labels, services which are stopped are left alone. With
SERVICE[N], worker N of a service, from 1, is replaced alone.

Returns when the new workers serve or the reload has failed. Exits 0 if every
service was reloaded; 1 if one was refused or failed.
)"),
    Asks(CommandKind::kRestart, proto::Verb::kRestart, Operands::kServices,
         R"(Like reload, but all workers are replaced together. What is still leaving after
earlier commands has 5 seconds then. If the new workers do not load, the old
ones keep serving. With all, services which are stopped are left alone. With
SERVICE[N], worker N of a service, from 1, is replaced alone.

Returns when the new workers serve or the restart has failed. Exits 0 if every
service was restarted; 1 if one was refused or failed.
)"),
    Asks(CommandKind::kPause, proto::Verb::kPause, Operands::kServices,
         R"(The workers stay alive and answer what is open, but accept no new connections;
these wait in the queue of the listening socket until resume. Returns when the
workers have been told. With all, services which are stopped are left alone.

Exits 0 if every service was paused; 1 if one was refused or failed.
)"),
    Asks(CommandKind::kResume, proto::Verb::kResume, Operands::kServices,
         R"(Ends a pause: the workers accept connections again, first those which have been
waiting. Returns when the workers have been told. With all, services which are
stopped are left alone.

Exits 0 if every service was resumed; 1 if one was refused or failed.
)"),
    Asks(CommandKind::kSPid, proto::Verb::kSPid, Operands::kOneService,
         R"(Prints the process ids of the workers of one service, one a line, and nothing if
it has none.

Exits 0; 1 if there is no such service.
)"),
    Asks(CommandKind::kPid, proto::Verb::kPid, Operands::kNone,
         R"(Prints the process id of the running fectld.
)"),
    Asks(CommandKind::kVersion, proto::Verb::kVersion, Operands::kNone,
         R"(Prints the version of the fectld which is running; fectl --version prints the
version of this program.
)"),
    {CommandKind::kVersionCheck, "version-check", Operands::kNone, "compare the versions of fectl and fectld",
     R"(Compares the version of this program with the version of the fectld which is
running.

Exits 0 if they are the same; 1 if they differ, with both on stderr.
)"},
    Asks(CommandKind::kPing, proto::Verb::kPing, Operands::kNone,
         R"(Prints "pong" when fectld has answered.

Exits 0 if it has; 1 if it is there but does not answer; 3 if there is none.
)"),
    Asks(CommandKind::kQuit, proto::Verb::kQuit, Operands::kNone,
         R"(Stops all services as stop does, and ends fectld. Returns when fectld has gone.

Exits 0 if its process has gone; 1 if it refused, did not end within --timeout,
or had no room for another client.
)"),
    Asks(CommandKind::kSend, proto::Verb::kSend, Operands::kTargetAndMessage,
         R"(Sends a message of the application's own, a JSON text of at most 61440 bytes, to
all workers of a service that run, or with SERVICE/N to worker N alone, from 1.
They get it in the callback that the SDK has for messages. Returns when each has
it in its pipe or waiting for that; fectld does not know what a worker does with
it. Workers that speak the base level only have no messages.

Exits 0 if all of them took it; 1 if one could not, or none runs; 2 if it is not
JSON or too large.
)"),
    Asks(CommandKind::kListen, proto::Verb::kListen, Operands::kOneService,
         R"(Prints the messages that the workers of a service send from now on, one line of
JSON each, with or without --json: the members service, worker (its number),
pid, and message. A line with the member lost instead tells how many messages
were dropped there because this program was not reading.

Ends with Ctrl-C, or when nobody reads its output any more, and exits 0 then; 1
if there is no such service; 3 if fectld has ended.
)"),
    Asks(CommandKind::kPlan, proto::Verb::kPlan, Operands::kNone,
         R"(Reads the configuration as it is now, compares it with what runs, and prints
what apply would do: for each service and socket that changes the kind of the
change and the keys, with their values before and after. Values of environment
variables are never shown. Nothing is changed. The kinds:

  live    holds at once, also for workers that run
  scale   workers are started, or finish what is open and leave
  roll    the workers are replaced as by reload
  add     a service or socket that is new
  remove  the workers finish what is open and leave
  rename  the workers stay
  rebind  a listener is opened and the old one closed when nobody has it
  restart only a restart of fectld can do it; then nothing of it is applied

--config FILE compares with another file; only root and the user that fectld
runs as may ask that. --revert compares with what ran before the last apply.

Exits 0 if nothing would change; 5 if something would; 1 if the configuration is
not valid or cannot be applied.
)"),
    Asks(CommandKind::kApply, proto::Verb::kApply, Operands::kOptionalPlan,
         R"(Does what plan says, without a restart and without a lost request: first workers
are added and replaced, then the rest is drained and closed. Listeners and files
are opened before anything changes. With the ID of a plan: only if it still
comes to that. A replacement that fails ends it: the old workers of that service
keep serving, what was done before stays, and apply can be tried again.

Returns when the change has begun; with --wait when it is done or has failed.
--config FILE applies another file; --revert goes back to what ran before.

Exits 0 if it has begun (with --wait: is done), or nothing was to do; 1 if the
configuration is not valid, the plan is another one now, or it has failed.
)"),
    Asks(CommandKind::kScale, proto::Verb::kScale, Operands::kServiceAndNumber,
         R"(Changes how many workers a service has: to N, by +N or by -N. New ones serve
when they have loaded; surplus ones finish what is open and leave. The number
holds until the configuration says another one than now and is applied, or until
fectl scale SERVICE --reset; status shows it. A service that is stopped has it
when it is started.

Returns when the new workers serve. Exits 0 then; 1 if it was refused, or one of
them did not come up.
)"),
    Asks(CommandKind::kRollout, proto::Verb::kRollout, Operands::kRollout,
         R"(What becomes of a reload whose new workers have to prove themselves
([service.rollout] of fectld.toml), while the old ones are kept, paused:

  status   how far it is, and how each new worker came up; where none is under
           way of the newest one
  promote  go on at once: the rest follows a canary, a watch or a bake ends
  pause    begin no further batch until it is promoted
  abort    the old workers serve again, and the reload fails

Returns at once. Exits 0; 1 if there is no such service, or nothing to steer.
)"),
    {CommandKind::kRollback, "rollback", Operands::kOneService, "bring a service back to what it was before",
     R"(Aborts the rollout of a service that is under way, so that its old workers serve
again. Where there is none, the service alone becomes what it was before the
configuration was applied last, by a reload like any other; called again it goes
forth. The file stays as it is, so that the next apply does, too.

Returns when the old workers serve. Exits 0 then; 1 if there is nothing to go
back to, or that has failed.
)"},
    {CommandKind::kRun, "run", Operands::kOneService, "run a oneshot, and return its exit code",
     R"(Starts a service of the type oneshot, again where it has run before, and waits
until it has ended. Its output goes where its configuration says.

Exits with the exit code of its program; with 128 and the number of the signal
that ended it; 1 if it was not started or did not end in its time; 2 if it is no
oneshot. Interrupted, it goes on; fectl stop ends it.
)"},
    {CommandKind::kEvents, "events", Operands::kNone, "print what has happened",
     R"(Prints what has happened to workers, services and fectld, oldest first: one line
for each event, with its time, number, type, whose it is, and why. fectl(1) has
the types. What is missing, because it was not kept or not read in time, is told
in its place. With --json the lines are the events as JSON.

With --exec the shell runs COMMAND for each event, one after the other, with its
JSON on the standard input. If it does not end with 0 it is run again for the
same event, after 1 to 30 seconds. With --cursor a later call goes on behind the
last event that was printed, or for which COMMAND ended with 0: each is told at
least once, whatever ends in between. One cursor is for one reader.

With -f it goes on until Ctrl-C or SIGTERM, also when fectld is started anew. A
COMMAND that runs then gets SIGTERM with all of its processes. Exits 0 then; 1
if the events cannot be read or the cursor not written; 3 if there is no fectld.
)"},
    Asks(CommandKind::kWhy, proto::Verb::kWhy, Operands::kTarget,
         R"(Explains in sentences why a service, or with SERVICE/N its worker N, from 1, is
in its state: what state that is and since when, what led there, what happens
next and when, and which command or key of the configuration changes it.

Returns at once. Exits 0 whatever the state is; 1 if there is no such service or
worker.
)"),
    {CommandKind::kWait, "wait", Operands::kOneService, "return when a service is ready",
     R"(Waits until a service is in a state, for scripts, and prints nothing:

  ready      all its workers serve; a oneshot has ended with 0
  stopped    it is stopped, or was removed
  failed     a worker was given up after too many failed starts
  version=N  it serves as version N of the configuration, or a later one, says

One that has failed does not become ready by itself, and one that did not take
the version does not get there: then it returns at once, too.

Exits 0 if it is so; 1 if it never will be, with the reason on stderr, or was
not within --timeout; 3 if fectld has ended.
)"},
    {CommandKind::kTop, "top", Operands::kNone, "show what all workers use, and renew it",
     R"(Shows all workers of all services, and renews that each second: memory that is
resident, processor time in percent of one processor, the age of the newest
heartbeat, and the requests that are open (the gauge http.active of the
ready-made workers, or open).

  s c m h o r u   order by service, cpu, memory, heartbeat, open, restarts or
                  uptime; the same key again reverses it
  arrows          scroll, also with PgUp and PgDn
  q, Ctrl-C       end

In a pipe, and with --json, it is shown once. Memory and processor time are
absent for workers of another machine or container.
)"},
    {CommandKind::kLogs, "logs", Operands::kServices, "print what workers have written",
     R"(Prints lines that the workers of these services have written to their standard
output and error: the last 100, or as many as -n says, or those since a time.
With -f it goes on with what they write, across reloads, rotated files, and
restarts of fectld and of its logger, until Ctrl-C.

Each line begins with its time, its service and its worker. Of a line that was
too long to be kept in one piece each piece is printed alone: the first one with
|>, others with <> and the last one with <|. On a terminal control characters
are shown as escapes, but for colours; elsewhere the bytes are as they were
written. With --json each line is an object; fectl(1) has the members.
--previous prints what the last process wrote in each place that does not run
any more, as one that has crashed.

Needs the role logs in [master] allow. Exits 0; 1 if lines cannot be read; 3 if
there is no fectld; 4 if this user may not read them.
)"},
    {CommandKind::kIncident, "incident", Operands::kIncident, "show where workers hung or crashed",
     R"(When a worker hangs (no heartbeat, not loaded in time, or its lease ran out),
its successor is started at once, and the process is looked into for at most 2 s
before it is killed: where its threads are and whether they run or wait, what
Python's threads and asyncio tasks do, its last lines, memory and descriptors.
That is an incident; so is a crash, by a signal or an exception that nobody
caught: its last lines and gauges, and where its core dump is.

  list       a line for each that is kept, newest first; so without a word
  show ID    all that was found out about one
  export ID  the same as JSON, for other programs

The newest 100 are kept; of one service one hang and one crash are kept in a
minute, and the same crash once in an hour. Needs the role
logs in [master] allow. Exits 0; 1 if there is no such incident; 3 if there is
no fectld; 4 if this user may not read them.
)"},
    {CommandKind::kServe, "serve", Operands::kApplication, "serve a Python application on this machine",
     R"(Starts a fectld in the foreground that serves the application which is NAME in
the Python module MODULE: ASGI, WSGI or aiohttp, or a function which makes one;
fectl(1) says how that is told. First it prints the fectld.toml that gives the
same service. What the application and fectld say comes to this terminal.

With --watch the application is reloaded when a file of it changes. If the new
one does not come up, the reason is shown, and the old one keeps serving.

ARGUMENTs of the application are NAME=VALUE, such as access_log=off; those
that begin with dashes stand after --.

Ctrl-C lets open requests finish and ends all processes; a second one ends them
at once. Exits 0 after that; 1 if the application cannot be served.
)"},
    {CommandKind::kInit, "init", Operands::kProposed, "write a fectld.toml for what is found here",
     R"(Looks for a Python application (ASGI, WSGI or aiohttp), for a program that has
the worker SDK in it, or for another program, and writes a fectld.toml with
comments that serves it, ready for fectld. Says what was found. No fectld is
needed.

With MODULE:NAME or PROGRAM it is that one; its arguments may follow, and stand
after -- where they begin with dashes. The Python is that of a virtual
environment in this folder, or python3.

A fectld.toml that is there stays, unless --force is given. Exits 0 when it is
written; 1 if nothing was found, or it cannot be loaded, or a file is there.
)"},
    {CommandKind::kWatch, "watch", Operands::kServiceAndPaths, "reload a service when its files change",
     R"(Reloads the service of a running fectld whenever something changes: in a folder
the files of a Python application (*.py, templates, .env) in it and below, and a
file that is named whatever its name is. Without PATH: the current directory.

A reload that fails leaves the old workers serving, and the next change is tried
again. Ends with Ctrl-C, and exits 0 then; 1 if there is no such service or the
files cannot be watched.
)"},
    {CommandKind::kCompletion, "completion", Operands::kShell, "print what makes a shell complete words",
     R"(Prints a script for bash or zsh that completes commands, options and the names
of the services of the fectld which is running. For the shell that is open:

  source <(fectl completion bash)

For every later one the script belongs into a file that the shell reads, such as
/etc/bash_completion.d/fectl.
)"},
    {CommandKind::kHelp, "help", Operands::kOptionalCommand, "explain a command, as in: fectl help reload",
     R"(Explains one command, or lists all of them.
)"},
};

}  // namespace

std::span<const Command> Commands() {
  return kCommands;
}

const Command* FindCommand(std::string_view name) {
  const auto* found = std::ranges::find(kCommands, name, &Command::name);
  return found == std::end(kCommands) ? nullptr : found;
}

const Command& CommandOf(CommandKind kind) {
  return *std::ranges::find(kCommands, kind, &Command::kind);
}

std::vector<std::string> CommandNames() {
  std::vector<std::string> names;
  for (const Command& command : kCommands) names.emplace_back(command.name);
  return names;
}

std::string_view Synopsis(Operands operands) {
  switch (operands) {
    case Operands::kNone:
      return "";
    case Operands::kOptionalService:
      return "[SERVICE]";
    case Operands::kOneService:
      return "SERVICE";
    case Operands::kServices:
      return "SERVICE...|all";
    case Operands::kOptionalCommand:
      return "[COMMAND]";
    case Operands::kApplication:
      return "MODULE:NAME [ARGUMENT]...";
    case Operands::kProposed:
      return "[MODULE:NAME|PROGRAM]";
    case Operands::kServiceAndPaths:
      return "SERVICE [PATH]...";
    case Operands::kTargetAndMessage:
      return "SERVICE[/N] JSON";
    case Operands::kOptionalPlan:
      return "[ID]";
    case Operands::kTarget:
      return "SERVICE[/N]";
    case Operands::kServiceAndNumber:
      return "SERVICE N|+N|-N";
    case Operands::kIncident:
      return "[show ID|export ID]";
    case Operands::kRollout:
      return "ORDER SERVICE";
    case Operands::kShell:
      return "bash|zsh";
  }
  return "";
}

}  // namespace fectl::client
