// The options of commands.h.

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>

#include "client/command_line/commands.h"

namespace fectl::client {
namespace {

constexpr std::string_view kLoops[] = {"auto", "asyncio", "uvloop"};
constexpr std::string_view kSorts[] = {"service", "cpu", "memory", "heartbeat", "open", "restarts", "uptime"};
constexpr std::string_view kKinds[] = {"asgi", "wsgi", "aiohttp"};

constexpr Option kOptions[] = {
    {"sock", 'm', "PATH", "($FECTL_SOCK, ./fectld.sock, /run/fectl/fectld.sock)"},
    {"timeout", 0, "SECONDS", "give up waiting; fectld goes on"},
    {"check", 0, "", "with status: say only what is not well, and exit 1"},
    {"json", 0, "", "print JSON, errors too; fectl(1) has the members"},
    {"config", 'c', "FILE", "read this file, not the one of fectld", "plan apply"},
    {"revert", 0, "", "go back to what ran before the last apply", "plan apply"},
    {"wait", 0, "", "return when all of it is done, or has failed", "apply"},
    {"reset", 0, "", "as many workers as the configuration says", "scale"},
    {"refresh", 'w', "", "show it again and again", "status"},
    {"follow", 'f', "", "go on with what comes", "events logs"},
    {"since", 0, "WHEN", "a number, 10m, 2026-11-28T09:00:00Z, or now", "events logs"},
    {"cursor", 0, "FILE", "go on behind what FILE names, and keep it", "events"},
    {"type", 0, "TYPES", "only these, as worker.exited,service.*", "events"},
    {"exec", 0, "COMMAND", "run it for each event", "events"},
    {"for", 0, "STATE", "ready, stopped, failed or version=N (ready)", "wait"},
    {"sort", 0, "COLUMN", "what comes first (service)", "top", kSorts},
    {"lines", 'n', "NUMBER", "so many of the last lines (100)", "logs"},
    {"worker", 0, "N", "only of this worker, from 1", "logs"},
    {"previous", 0, "", "of the process before the one that runs", "logs"},
    {"grep", 0, "RE", "only lines that this expression is found in", "logs"},
    {"host", 0, "ADDRESS", "listen there (127.0.0.1)", "serve init"},
    {"port", 0, "PORT", "the port (8000); 0: any that is free", "serve init"},
    {"workers", 0, "NUMBER", "how many processes (1)", "serve init"},
    {"threads", 0, "NUMBER", "of a WSGI application: threads in each process", "serve"},
    {"loop", 0, "LOOP", "the event loop: auto, asyncio or uvloop (auto)", "serve", kLoops},
    {"watch", 0, "", "reload when a file of the application changes", "serve"},
    {"app-dir", 0, "DIR", "where the application is, and runs (.)", "serve"},
    {"python", 0, "PROGRAM", "the Python that runs it (python3, from PATH)", "serve init"},
    {"kind", 0, "KIND", "it is asgi, wsgi or aiohttp: do not find out", "serve init", kKinds},
    {"print", 0, "", "print the fectld.toml, and do nothing else", "serve init"},
    {"force", 0, "", "replace a fectld.toml that is there", "init"},
    {"help", 'h', "", "show this help, or that of the command"},
    {"version", 'V', "", "print the version of this program"},
};

}  // namespace

std::span<const Option> Options() {
  return kOptions;
}

const Option* FindOption(std::string_view long_name) {
  const auto* found = std::ranges::find(kOptions, long_name, &Option::name);
  return found == std::end(kOptions) ? nullptr : found;
}

const Option* FindOption(char letter) {
  if (letter == 0) return nullptr;
  const auto* found = std::ranges::find(kOptions, letter, &Option::letter);
  return found == std::end(kOptions) ? nullptr : found;
}

bool BelongsTo(const Option& option, std::string_view command) {
  std::string_view left = option.commands;
  while (!left.empty()) {
    const size_t blank = left.find(' ');
    if (left.substr(0, blank) == command) return true;
    left.remove_prefix(blank == std::string_view::npos ? left.size() : blank + 1);
  }
  return false;
}

}  // namespace fectl::client
