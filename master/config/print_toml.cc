#include "master/config/print_toml.h"

#include <iterator>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "master/config/allow.h"
#include "master/platform/credentials/capabilities.h"
#include "proto_spec/base/toml_text.h"

namespace fectl::config {
namespace {

absl::string_view View(std::string_view s) {
  return absl::string_view(s.data(), s.size());
}

std::string QuotedList(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts)
    absl::StrAppend(&list, list.size() == 1 ? "" : ", ", base::TomlString(text));
  return list + "]";
}

std::string Seconds(int64_t milliseconds) {
  if (milliseconds % 1000 == 0) return absl::StrCat(milliseconds / 1000);
  std::string text = absl::StrFormat("%d.%03d", milliseconds / 1000, milliseconds % 1000);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

// Writes `key = value` lines.
class Printer {
 public:
  void Section(std::string_view written) {
    absl::StrAppend(&text_, text_.empty() ? "" : "\n", View(written), "\n");
  }
  void Raw(std::string_view key, std::string_view value) {
    values_.emplace_back(key, value);
    absl::StrAppend(&text_, View(key), " = ", View(value), "\n");
  }
  void Text(std::string_view key, std::string_view value) { Raw(key, base::TomlString(value)); }
  void Number(std::string_view key, int64_t value) { Raw(key, absl::StrCat(value)); }
  // What has no default is left out where it is not set.
  void TextIfSet(std::string_view key, std::string_view value) {
    if (!value.empty()) Text(key, value);
  }
  void AccountIfSet(std::string_view key, const std::optional<Account>& account) {
    if (!account.has_value()) return;
    if (account->id.has_value()) {
      Number(key, *account->id);
    } else {
      Text(key, account->name);
    }
  }

  std::string Take() { return std::move(text_); }
  KeyValues TakeValues() { return std::move(values_); }

 private:
  KeyValues values_;
  std::string text_;
};

void PrintMaster(const MasterConfig& master, Printer* out) {
  out->Section("[master]");
  out->Text("sock", master.sock);
  out->TextIfSet("directory", master.directory);
  out->TextIfSet("pid", master.pid);
  out->AccountIfSet("uid", master.uid);
  out->AccountIfSet("gid", master.gid);
  out->TextIfSet("stdout", master.stdout_path);
  out->TextIfSet("stderr", master.stderr_path);
  if (master.exit_on_failure) out->Text("on_failure", "exit");
  if (master.stop_delay_ms > 0) out->Raw("stop_delay", Seconds(master.stop_delay_ms));
  out->TextIfSet("termination_message", master.termination_message);
  if (master.allow.empty()) return;
  std::vector<std::string> entries;
  for (const Grant& grant : master.allow) entries.push_back(ToText(grant));
  out->Raw("allow", QuotedList(entries));
}

void PrintLogging(const LoggingConfig& logging, Printer* out) {
  static constexpr std::string_view kLevels[] = {"off", "error", "warning", "info", "debug", "trace"};
  static constexpr std::string_view kTargets[] = {"console", "file", "syslog"};
  out->Section("[logging]");
  out->Text("level", kLevels[static_cast<size_t>(logging.level)]);
  out->Text("service", kTargets[static_cast<size_t>(logging.target)]);
  out->Text("name", logging.name);
  out->Text("facility", logging.facility);
}

void PrintSocket(const SocketConfig& socket, Printer* out) {
  static constexpr std::string_view kProtos[] = {"tcp4", "tcp6", "unix"};
  out->Section("[[socket]]");
  out->Text("name", socket.name);
  if (socket.from_systemd) out->Text("from", "systemd");
  if (socket.proto != SocketProto::kAny) out->Text("proto", kProtos[static_cast<size_t>(socket.proto)]);
  if (socket.proto == SocketProto::kUnix) {
    out->TextIfSet("path", socket.path);
    if (socket.mode.has_value()) out->Raw("mode", absl::StrFormat("0o%03o", *socket.mode));
    out->AccountIfSet("owner", socket.owner);
    out->AccountIfSet("group", socket.group);
  } else {
    out->TextIfSet("host", socket.host);
    if (!socket.from_systemd || socket.port != 0) out->Number("port", socket.port);
  }
  if (!socket.from_systemd) out->Number("backlog", socket.backlog);
  if (!socket.services.empty()) out->Raw("service", QuotedList(socket.services));
  if (socket.app.has_value()) out->Text("app", *socket.app);
  if (!socket.arguments.empty()) out->Raw("arguments", QuotedList(socket.arguments));
}

std::string Bytes(int64_t bytes) {
  if (bytes > 0 && bytes % (1 << 30) == 0) return absl::StrCat("\"", bytes >> 30, "GiB\"");
  if (bytes > 0 && bytes % (1 << 20) == 0) return absl::StrCat("\"", bytes >> 20, "MiB\"");
  if (bytes > 0 && bytes % (1 << 10) == 0) return absl::StrCat("\"", bytes >> 10, "KiB\"");
  return absl::StrCat(bytes);
}

std::string Age(int64_t seconds) {
  if (seconds > 0 && seconds % 86'400 == 0) return absl::StrCat("\"", seconds / 86'400, "d\"");
  return absl::StrCat(seconds);
}

// What is set.
void PrintOutput(const OutputConfig& output, std::string_view start, Printer* out) {
  static constexpr std::string_view kTo[] = {"file", "journald", "console", "syslog"};
  const auto key = [start](const char* name) { return absl::StrCat(View(start), name); };
  if (output.to.has_value()) {
    std::vector<std::string> words;
    for (const LogsTo to : *output.to) words.emplace_back(kTo[static_cast<size_t>(to)]);
    out->Raw(key("to"), QuotedList(words));
  }
  if (output.dir.has_value()) out->Text(key("dir"), *output.dir);
  if (output.format.has_value())
    out->Text(key("format"), *output.format == LogsFormat::kJson ? "json" : "text");
  if (output.max_size.has_value()) out->Raw(key("max_size"), Bytes(*output.max_size));
  if (output.max_age_s.has_value()) out->Raw(key("max_age"), Age(*output.max_age_s));
  if (output.compress.has_value()) out->Raw(key("compress"), *output.compress ? "true" : "false");
  if (output.line_max.has_value()) out->Raw(key("line_max"), Bytes(*output.line_max));
  if (output.on_full.has_value())
    out->Text(key("on_full"), *output.on_full == LogsOnFull::kBlock ? "block" : "drop");
  if (output.streams.has_value())
    out->Text(key("streams"), *output.streams == LogsStreams::kSplit ? "split" : "merged");
  if (output.facility.has_value()) out->Text(key("facility"), *output.facility);
}

void PrintLogs(const LogsConfig& logs, Printer* out) {
  out->Section("[logs]");
  PrintOutput(logs.output, "", out);
  out->Raw("total", Bytes(logs.total));
  out->Raw("keep_free", logs.keep_free_percent > 0 ? absl::StrCat("\"", logs.keep_free_percent, "%\"")
                                                   : Bytes(logs.keep_free_bytes));
  out->Text("journald_socket", logs.journald_socket);
  out->Text("syslog_socket", logs.syslog_socket);
}

std::string Share(const Portion& portion) {
  return portion.percent ? absl::StrCat("\"", portion.value, "%\"") : absl::StrCat(portion.value);
}

// What differs from the default.
void PrintRollout(const RolloutConfig& rollout, Printer* out) {
  const RolloutConfig fresh;
  if (rollout.strategy.has_value())
    out->Text("rollout.strategy", *rollout.strategy == RolloutStrategy::kRolling ? "rolling" : "generation");
  if (rollout.max_surge.has_value()) out->Raw("rollout.max_surge", Share(*rollout.max_surge));
  if (rollout.max_unavailable != fresh.max_unavailable)
    out->Raw("rollout.max_unavailable", Share(rollout.max_unavailable));
  if (rollout.min_ready_ms != fresh.min_ready_ms)
    out->Raw("rollout.min_ready_seconds", Seconds(rollout.min_ready_ms));
  if (rollout.bake_ms != fresh.bake_ms) out->Raw("rollout.bake_time", Seconds(rollout.bake_ms));
  if (rollout.canary != fresh.canary) out->Raw("rollout.canary", Share(rollout.canary));
  if (rollout.auto_promote) out->Raw("rollout.auto_promote", "true");
  if (rollout.progress_deadline_s != fresh.progress_deadline_s)
    out->Number("rollout.progress_deadline", rollout.progress_deadline_s);
  if (!rollout.auto_revert) out->Raw("rollout.auto_revert", "false");
  if (rollout.max_old_generations != fresh.max_old_generations)
    out->Number("rollout.max_old_generations", rollout.max_old_generations);
  if (rollout.bounds.empty()) return;
  std::string bounds;
  for (const auto& [gauge, bound] : rollout.bounds)
    absl::StrAppend(&bounds, bounds.empty() ? "" : ", ", base::TomlString(gauge), " = ", bound);
  out->Raw("rollout.bounds", absl::StrCat("{ ", bounds, " }"));
}

void PrintRecycle(const RecycleConfig& recycle, Printer* out) {
  const RecycleConfig fresh;
  if (recycle.max_requests != 0) out->Number("recycle.max_requests", recycle.max_requests);
  if (recycle.max_age_s != 0) out->Raw("recycle.max_age", Age(recycle.max_age_s));
  if (recycle.max_rss != 0) out->Raw("recycle.max_rss", Bytes(recycle.max_rss));
  if (recycle.jitter_permille != fresh.jitter_permille)
    out->Raw("recycle.jitter", Seconds(recycle.jitter_permille));
}

void PrintOrder(const ServiceConfig& service, Printer* out) {
  if (!service.after.empty()) out->Raw("after", QuotedList(service.after));
  if (!service.require.empty()) out->Raw("requires", QuotedList(service.require));
  if (!service.autostart) out->Raw("autostart", "false");
  if (service.essential) out->Raw("essential", "true");
  out->TextIfSet("before_roll", service.before_roll);
  out->TextIfSet("renamed_from", service.renamed_from);
  if (!service.labels.empty()) out->Raw("labels", QuotedList(service.labels));
}

void PrintService(const ServiceConfig& service, Printer* out) {
  const bool oneshot = service.type == ServiceType::kOneshot;
  out->Section("[[service]]");
  out->Text("name", service.name);
  if (oneshot) out->Text("type", "oneshot");
  // What it came to is told beside it, and found out anew by whoever reads this.
  if (service.num_auto) {
    out->Raw("num", absl::StrCat("\"auto\"  # ", service.num, " here"));
  } else {
    out->Number("num", service.num);
  }
  out->Raw("command", QuotedList(service.command));
  out->TextIfSet("directory", service.directory);
  out->Number("restarts", service.restarts);
  out->AccountIfSet("uid", service.uid);
  out->AccountIfSet("gid", service.gid);
  out->Raw("timeout", Seconds(service.timeout_ms));
  if (!oneshot) out->Raw("startup_timeout", Seconds(service.startup_timeout_ms));
  out->Raw("shutdown_timeout", Seconds(service.shutdown_timeout_ms));
  if (!oneshot) out->Raw("max_lease", Seconds(service.max_lease_ms));
  out->TextIfSet("stdout", service.stdout_path);
  out->TextIfSet("stderr", service.stderr_path);
  if (!service.environ.empty() || !service.environ_passed.empty()) {
    std::vector<std::string> entries = service.environ_passed;
    for (const auto& [name, value] : service.environ) entries.push_back(absl::StrCat(name, "=", value));
    out->Raw("environ", QuotedList(entries));
  }
  // Without what the files say, which is often secret.
  if (!service.env_files.empty()) out->Raw("env_file", QuotedList(service.env_files));
  if (!oneshot && !service.rollout.max_surge.has_value()) out->Number("max_surge", service.max_surge);
  out->Raw("no_new_privileges", service.no_new_privileges ? "true" : "false");
  if (service.capabilities.has_value()) {
    std::vector<std::string> names;
    int number = 0;
    for (const std::string_view name : platform::CapabilityNames()) {
      if ((*service.capabilities & platform::SetOf(number++)) != 0) names.emplace_back(name);
    }
    out->Raw("capabilities", QuotedList(names));
  }
  PrintOrder(service, out);
  out->TextIfSet("ready", service.ready.value_or(""));
  out->TextIfSet("watchdog", service.watchdog.value_or(""));
  out->TextIfSet("stop_signal", service.stop_signal.value_or(""));
  // Dotted keys, which stand for the section [service.logs].
  PrintOutput(service.logs, "logs.", out);
  PrintRollout(service.rollout, out);
  PrintRecycle(service.recycle, out);
}

}  // namespace

KeyValues ValuesOf(const MasterConfig& master) {
  Printer out;
  PrintMaster(master, &out);
  return out.TakeValues();
}

KeyValues ValuesOf(const LoggingConfig& logging) {
  Printer out;
  PrintLogging(logging, &out);
  return out.TakeValues();
}

KeyValues ValuesOf(const LogsConfig& logs) {
  Printer out;
  PrintLogs(logs, &out);
  return out.TakeValues();
}

KeyValues ValuesOf(const SocketConfig& socket) {
  Printer out;
  PrintSocket(socket, &out);
  return out.TakeValues();
}

KeyValues ValuesOf(const ServiceConfig& service) {
  Printer out;
  PrintService(service, &out);
  return out.TakeValues();
}

std::string PrintToml(const Config& config) {
  Printer out;
  PrintMaster(config.master, &out);
  PrintLogging(config.logging, &out);
  PrintLogs(config.logs, &out);
  for (const SocketConfig& socket : config.sockets) PrintSocket(socket, &out);
  for (const ServiceConfig& service : config.services) PrintService(service, &out);
  return out.Take();
}

}  // namespace fectl::config
