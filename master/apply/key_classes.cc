#include "master/apply/key_classes.h"

namespace fectl::apply {
namespace {

struct Row {
  std::string_view section;
  std::string_view key;
  KeyClass key_class;
};

// fectld.toml(5) shows this table; a test compares it with the keys that there are.
constexpr Row kRows[] = {
    {"service", "name", KeyClass::kLive},
    {"service", "renamed_from", KeyClass::kLive},
    {"service", "labels", KeyClass::kLive},
    {"service", "after", KeyClass::kLive},
    {"service", "requires", KeyClass::kLive},
    {"service", "autostart", KeyClass::kLive},
    {"service", "essential", KeyClass::kLive},
    {"service", "before_roll", KeyClass::kLive},
    {"service", "restarts", KeyClass::kLive},
    {"service", "max_surge", KeyClass::kLive},
    {"service", "startup_timeout", KeyClass::kLive},
    {"service", "max_lease", KeyClass::kLive},
    // Workers read these two from their environment. Longer ones hold at once all the same (see Compare).
    {"service", "timeout", KeyClass::kRoll},
    {"service", "shutdown_timeout", KeyClass::kRoll},
    {"service", "num", KeyClass::kScale},
    {"service", "command", KeyClass::kRoll},
    {"service", "directory", KeyClass::kRoll},
    {"service", "uid", KeyClass::kRoll},
    {"service", "gid", KeyClass::kRoll},
    {"service", "stdout", KeyClass::kRoll},
    {"service", "stderr", KeyClass::kRoll},
    {"service", "environ", KeyClass::kRoll},
    {"service", "env_file", KeyClass::kRoll},
    {"service", "no_new_privileges", KeyClass::kRoll},
    {"service", "capabilities", KeyClass::kRoll},
    {"service", "ready", KeyClass::kRoll},
    {"service", "watchdog", KeyClass::kRoll},
    {"service", "stop_signal", KeyClass::kRoll},
    // A service cannot become a oneshot; under another name it is another one.
    {"service", "type", KeyClass::kRestart},
    {"logs", "to", KeyClass::kLive},
    {"logs", "dir", KeyClass::kLive},
    {"logs", "format", KeyClass::kLive},
    {"logs", "max_size", KeyClass::kLive},
    {"logs", "max_age", KeyClass::kLive},
    {"logs", "compress", KeyClass::kLive},
    {"logs", "line_max", KeyClass::kLive},
    {"logs", "on_full", KeyClass::kLive},
    {"logs", "streams", KeyClass::kLive},
    {"logs", "total", KeyClass::kLive},
    {"logs", "facility", KeyClass::kLive},
    {"logs", "keep_free", KeyClass::kLive},
    {"logs", "journald_socket", KeyClass::kLive},
    {"logs", "syslog_socket", KeyClass::kLive},
    {"service.logs", "to", KeyClass::kLive},
    {"service.logs", "dir", KeyClass::kLive},
    {"service.logs", "format", KeyClass::kLive},
    {"service.logs", "max_size", KeyClass::kLive},
    {"service.logs", "max_age", KeyClass::kLive},
    {"service.logs", "compress", KeyClass::kLive},
    {"service.logs", "line_max", KeyClass::kLive},
    {"service.logs", "on_full", KeyClass::kLive},
    {"service.logs", "streams", KeyClass::kLive},
    {"service.logs", "facility", KeyClass::kLive},
    {"service.rollout", "strategy", KeyClass::kLive},
    {"service.rollout", "max_surge", KeyClass::kLive},
    {"service.rollout", "max_unavailable", KeyClass::kLive},
    {"service.rollout", "min_ready_seconds", KeyClass::kLive},
    {"service.rollout", "bake_time", KeyClass::kLive},
    {"service.rollout", "canary", KeyClass::kLive},
    {"service.rollout", "auto_promote", KeyClass::kLive},
    {"service.rollout", "progress_deadline", KeyClass::kLive},
    {"service.rollout", "auto_revert", KeyClass::kLive},
    {"service.rollout", "max_old_generations", KeyClass::kLive},
    {"service.rollout", "bounds", KeyClass::kLive},
    {"service.recycle", "max_requests", KeyClass::kLive},
    {"service.recycle", "max_age", KeyClass::kLive},
    {"service.recycle", "max_rss", KeyClass::kLive},
    {"service.recycle", "jitter", KeyClass::kLive},
    {"socket", "name", KeyClass::kRoll},
    {"socket", "service", KeyClass::kRoll},
    {"socket", "app", KeyClass::kRoll},
    {"socket", "arguments", KeyClass::kRoll},
    {"socket", "backlog", KeyClass::kLive},
    {"socket", "mode", KeyClass::kLive},
    {"socket", "owner", KeyClass::kLive},
    {"socket", "group", KeyClass::kLive},
    {"socket", "port", KeyClass::kRebind},
    {"socket", "host", KeyClass::kRebind},
    {"socket", "ip", KeyClass::kRebind},
    {"socket", "proto", KeyClass::kRebind},
    {"socket", "path", KeyClass::kRebind},
    {"socket", "from", KeyClass::kRebind},
    {"master", "sock", KeyClass::kRestart},
    {"master", "directory", KeyClass::kRestart},
    {"master", "pid", KeyClass::kRestart},
    {"master", "uid", KeyClass::kRestart},
    {"master", "gid", KeyClass::kRestart},
    {"master", "stdout", KeyClass::kRestart},
    {"master", "stderr", KeyClass::kRestart},
    {"master", "allow", KeyClass::kRestart},
    {"master", "on_failure", KeyClass::kRestart},
    {"master", "stop_delay", KeyClass::kRestart},
    {"master", "termination_message", KeyClass::kRestart},
    {"logging", "level", KeyClass::kRestart},
    {"logging", "service", KeyClass::kRestart},
    {"logging", "name", KeyClass::kRestart},
    {"logging", "facility", KeyClass::kRestart},
};

const Row* Find(std::string_view section, std::string_view key) {
  for (const Row& row : kRows) {
    if (row.section == section && row.key == key) return &row;
  }
  return nullptr;
}

}  // namespace

std::string_view ToWord(KeyClass key_class) {
  switch (key_class) {
    case KeyClass::kLive:
      return "live";
    case KeyClass::kScale:
      return "scale";
    case KeyClass::kRoll:
      return "roll";
    case KeyClass::kRebind:
      return "rebind";
    case KeyClass::kRestart:
      return "restart";
  }
  return "";
}

bool IsClassified(std::string_view section, std::string_view key) {
  return Find(section, key) != nullptr;
}

KeyClass ClassOf(std::string_view section, std::string_view key) {
  const Row* const row = Find(section, key);
  return row == nullptr ? KeyClass::kRestart : row->key_class;
}

}  // namespace fectl::apply
