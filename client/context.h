#ifndef FECTL_CLIENT_CONTEXT_H_
#define FECTL_CLIENT_CONTEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "client/command_line/command_line.h"
#include "client/session/connect.h"
#include "client/text/output.h"
#include "proto_spec/control_messages.h"

namespace fectl::client {

// What every command is run with. The references outlive it.
struct Context {
  const Invocation& invocation;
  Output& output;
  std::string socket_path;
  Limits limits;
  bool out_is_terminal = false;
  bool colours_on = false;
  bool show_progress = false;
  std::string program = "";    // this one, as it can be started
  std::string directory = "";  // from which relative paths are taken; empty: the current one
};

// Says why the command has failed, on standard error and, with --json, as an object on standard output; gives
// the exit code. `reason` need not be escaped.
int Fail(const Context& context, int exit_code, std::string_view reason);
// The same, with the exit code that the status stands for.
int Fail(const Context& context, const absl::Status& why);

// An answer which is not the one that `service` was asked about, in words; `services` are the names to
// suggest from, if the name was unknown.
std::string WrongAnswer(const proto::Response& answer, const std::string& service,
                        const std::vector<std::string>& services);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_CONTEXT_H_
