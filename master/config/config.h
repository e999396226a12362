#ifndef FECTL_MASTER_CONFIG_CONFIG_H_
#define FECTL_MASTER_CONFIG_CONFIG_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "master/config/logs/logs_config.h"
#include "master/config/rollout/rollout_config.h"

namespace fectl::config {

// What fectld.toml says, as plain values with every default filled in. Nothing here was looked up in the
// system except where a comment says so. Paths are as written: the runtime takes the relative ones from
// `[master] directory`, or from the current directory where that is not set.

// A user or a group as configured: `id` where it was written as a number, else `name`.
struct Account {
  std::string name;
  std::optional<uint32_t> id;

  bool operator==(const Account&) const = default;
};

// Who a process is to become. Made by ResolveAccounts() (system_check.h), never by Parse(). All three ids are
// switched together, groups first, then gid, then uid.
struct Identity {
  uint32_t uid = 0;              // the present one where only a group is configured
  uint32_t gid = 0;              // the configured group, else the primary group of the user
  std::vector<uint32_t> groups;  // supplementary; complete, not in addition to the present ones
  // For USER, LOGNAME, HOME and SHELL. All empty where no user is configured; of a user without an entry they
  // are the number, / and /bin/sh.
  std::string user_name;
  std::string home;
  std::string shell;

  bool operator==(const Identity&) const = default;
};

// What a control client may ask: to look, to read lines of workers as well, or everything.
enum class Role { kObserve, kLogs, kOperate };

struct Grant {
  Role role = Role::kObserve;
  bool group = false;  // `account` is a group, whose members have the role
  Account account;

  std::optional<uint32_t> id;  // from `account`, by ResolveAccounts()

  bool operator==(const Grant&) const = default;
};

struct MasterConfig {
  std::string sock = "fectld.sock";
  std::string directory;  // empty: do not change directory
  std::string pid;        // path of the pid file; empty: none
  std::optional<Account> uid;
  std::optional<Account> gid;
  std::string stdout_path;  // empty: not redirected
  std::string stderr_path;
  std::vector<Grant> allow;      // besides root and the user that the master runs as, who may everything
  bool exit_on_failure = false;  // key `on_failure`: the end of fectld, where an essential service has failed
  int64_t stop_delay_ms = 0;     // for so long all goes on after SIGTERM
  std::string termination_message;  // a file; empty: /dev/termination-log, where fectld is process 1

  std::optional<Identity> identity;  // from `uid` and `gid`; empty: stay who we are

  bool operator==(const MasterConfig&) const = default;
};

// kAny: what systemd has passed, of which nothing is said.
enum class SocketProto { kTcp4, kTcp6, kUnix, kAny };

// kService: workers that serve until they are told to stop. kOneshot: one process that is to end with 0.
enum class ServiceType { kService, kOneshot };

struct SocketConfig {
  std::string name;
  SocketProto proto = SocketProto::kTcp4;
  std::string host;  // tcp: name or address; empty: all addresses
  int port = 0;      // tcp: 0 lets the kernel choose
  std::string path;  // unix: where the socket file is (written as `path`, or as `host`)
  int backlog = 256;
  // Is not opened, but passed by systemd under `name`. Then host, port 0 and path, where they are empty, are
  // any.
  bool from_systemd = false;
  std::vector<std::string> services;  // those that get the socket; empty: every service
  std::optional<std::string> app;
  std::vector<std::string> arguments;
  // unix only: the socket file's permission bits, and its owner and group.
  std::optional<uint32_t> mode;
  std::optional<Account> owner;
  std::optional<Account> group;

  std::optional<uint32_t> owner_id;  // from `owner`, by ResolveAccounts()
  std::optional<uint32_t> group_id;  // from `group`, by ResolveAccounts()
  // tcp: the numeric addresses of `host`, in the order in which they are to be tried; from ResolveHosts().
  // Empty for all addresses.
  std::vector<std::string> addresses;

  // Whether workers of that service get it.
  bool IsFor(const std::string& service) const {
    return services.empty() || std::find(services.begin(), services.end(), service) != services.end();
  }

  bool operator==(const SocketConfig&) const = default;
};

struct ServiceConfig {
  std::string name;
  int num = 1;                       // workers
  bool num_auto = false;             // `num` is the number of processors, by LoadFile()
  std::vector<std::string> command;  // the words; the first one is looked up in WorkerPath()
  std::string directory;             // empty: the master's
  int restarts = 3;                  // attempts before a worker counts as failed
  std::optional<Account> uid;
  std::optional<Account> gid;
  int64_t timeout_ms = 10'000;           // silent for longer than this: killed and replaced
  int64_t startup_timeout_ms = 30'000;   // from exec to `loaded`
  int64_t shutdown_timeout_ms = 30'000;  // from `stop` to exit, then SIGKILL
  int64_t max_lease_ms = 300'000;        // the longest time that a worker may say that it is busy for
  std::string stdout_path;               // empty: the master's
  std::string stderr_path;
  std::vector<std::pair<std::string, std::string>> environ;  // set on top of what every worker gets
  std::vector<std::string> environ_passed;  // written in `environ` as names alone: fectld's own variables
  std::vector<std::string> env_files;       // as written
  // What they say, by LoadFile(); the last file that has a name counts, and `environ` goes before all.
  std::vector<std::pair<std::string, std::string>> environ_from_files;
  int max_surge = 0;              // workers that a reload replaces at a time; 0: all of them
  bool no_new_privileges = true;  // set-uid programs and file capabilities give a worker nothing
  // Bit n: the capability with the number n of Linux. Empty: root's workers have fectld's, others none.
  std::optional<uint64_t> capabilities;
  std::vector<std::string> after;  // services that are ready before this one starts
  std::vector<std::string>
      require;             // key `requires`: as `after`, and this one does not start where they failed
  bool autostart = true;   // started with fectld
  bool essential = false;  // without it fectld is of no use
  ServiceType type = ServiceType::kService;
  std::string before_roll;   // a oneshot that is run before workers are replaced; empty: none
  std::string renamed_from;  // the name under which it ran before; empty: none
  std::vector<std::string> labels;
  // As written, and readable by proto_spec/program_signs.h. With any of them the workers are started by
  // fectl-run.
  std::optional<std::string> ready;
  std::optional<std::string> watchdog;
  std::optional<std::string> stop_signal;
  OutputConfig logs;  // what differs from [logs]
  RolloutConfig rollout;
  RecycleConfig recycle;

  // The program is none of ours, and needs fectl-run before it.
  bool foreign() const { return ready.has_value() || watchdog.has_value() || stop_signal.has_value(); }

  std::optional<Identity> identity;  // from `uid` and `gid`; empty: the master's

  bool operator==(const ServiceConfig&) const = default;
};

enum class LogLevel { kOff, kError, kWarning, kInfo, kDebug, kTrace };
enum class LogTarget { kConsole, kFile, kSyslog };

struct LoggingConfig {
  LogLevel level = LogLevel::kInfo;
  LogTarget target = LogTarget::kConsole;  // key `service`
  std::string name = "fectld";      // kFile: path of the file. kSyslog: the program's name in each line
  std::string facility = "daemon";  // kSyslog: "user", "daemon", "local0" ...

  bool operator==(const LoggingConfig&) const = default;
};

struct Config {
  MasterConfig master;
  std::vector<SocketConfig> sockets;
  std::vector<ServiceConfig> services;
  LoggingConfig logging;
  LogsConfig logs;

  bool operator==(const Config&) const = default;
};

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_CONFIG_H_
