#include "client/init/init_text.h"

#include <string_view>

#include "proto_spec/base/printable.h"
#include "proto_spec/base/toml_text.h"

namespace fectl::client {
namespace {

std::string List(std::string_view key, const std::vector<std::string>& texts) {
  std::string line = std::string(key) + " = [";
  for (size_t i = 0; i < texts.size(); ++i) line += (i == 0 ? "" : ", ") + base::TomlString(texts[i]);
  return line + "]\n";
}

std::string Socket(const Proposal& proposal, const ProposedSocket& socket) {
  std::string text = "\n[[socket]]\nname = " + base::TomlString(socket.name) + "\n";
  if (proposal.host.find(':') != std::string::npos) text += "proto = \"tcp6\"\n";
  text +=
      "# Where it listens; \"0.0.0.0\" is for everybody. fectld keeps it open, whatever happens to "
      "workers.\n";
  text += "host = " + base::TomlString(proposal.host) + "\nport = " + std::to_string(socket.port) + "\n";
  if (proposal.app.empty()) return text + "service = [\"web\"]\n";
  text += "# The application, and settings such as \"access_log=-\" or \"keepalive=5\".\n";
  text += "app = " + base::TomlString(proposal.app) + "\n" + List("arguments", proposal.arguments);
  return text + "service = [\"web\"]\n";
}

std::string Service(const Proposal& proposal) {
  std::string text = "\n[[service]]\nname = \"web\"\n";
  text += "# How many processes; as a rule, one for each processor.\n";
  text += "num = " + std::to_string(proposal.workers) + "\n";
  text += List("command", proposal.command);
  if (!proposal.is_worker) {
    text +=
        "# This program does not speak with fectld: it counts as ready after a second. Better is what it "
        "says,\n"
        "# \"log:TEXT\", or what it answers, \"http:/healthz\"; fectl-run(1) has more.\n"
        "ready = \"after:1\"\n";
    if (proposal.sockets.empty()) {
      text +=
          "# A socket that fectld opens lets no connection be lost at a reload: write a [[socket]], and\n"
          "# {fd:NAME} in the command is the number of its descriptor.\n";
    }
  }
  text +=
      "# Workers have PATH, HOME and a few more variables; \"NAME\" alone passes on one of fectld's own.\n";
  text += proposal.environ.empty() ? "#environ = [\"DATABASE_URL\", \"LOG_LEVEL=info\"]\n"
                                   : List("environ", proposal.environ);
  text +=
      "# How long a worker may take to come up, and to finish what is open, in seconds.\n"
      "#startup_timeout = 30\n"
      "#shutdown_timeout = 30\n";
  return text;
}

}  // namespace

std::string InitText(const Proposal& proposal) {
  std::string text = "# fectld serves " + base::EscapeForTerminal(proposal.what) +
                     " as this file says: run fectld in this folder.\n"
                     "# After a change here, `fectl plan` says what it would do, and `fectl apply` does it.\n"
                     "# fectld.toml(5) explains every key.\n";
  for (const ProposedSocket& socket : proposal.sockets) text += Socket(proposal, socket);
  text += Service(proposal);
  text +=
      "\n# What workers write, kept in files with a limit: fectl logs web.\n"
      "#[logs]\n"
      "#dir = \"logs\"\n";
  return text;
}

}  // namespace fectl::client
