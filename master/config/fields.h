#ifndef FECTL_MASTER_CONFIG_FIELDS_H_
#define FECTL_MASTER_CONFIG_FIELDS_H_

#include "master/config/load_result.h"
#include "master/config/logs/logs_fields.h"
#include "master/config/rollout/rollout_fields.h"

namespace fectl::config {

// Names each field of the types of a loaded configuration: VisitFields(x, visit) calls visit("name", x.name)
// for every one, in their order. A field that is added to a type without being named here breaks the build,
// because the bindings below then are too few. `T` is the type, or const of it.

template <Is<Account> T, typename Visit>
void VisitFields(T& account, Visit&& visit) {
  auto& [name, id] = account;
  visit("name", name);
  visit("id", id);
}

template <Is<Identity> T, typename Visit>
void VisitFields(T& identity, Visit&& visit) {
  auto& [uid, gid, groups, user_name, home, shell] = identity;
  visit("uid", uid);
  visit("gid", gid);
  visit("groups", groups);
  visit("user_name", user_name);
  visit("home", home);
  visit("shell", shell);
}

template <Is<Grant> T, typename Visit>
void VisitFields(T& grant, Visit&& visit) {
  auto& [role, group, account, id] = grant;
  visit("role", role);
  visit("group", group);
  visit("account", account);
  visit("id", id);
}

template <Is<MasterConfig> T, typename Visit>
void VisitFields(T& master, Visit&& visit) {
  auto& [sock, directory, pid, uid, gid, stdout_path, stderr_path, allow, exit_on_failure, stop_delay_ms,
         termination_message, identity] = master;
  visit("sock", sock);
  visit("directory", directory);
  visit("pid", pid);
  visit("uid", uid);
  visit("gid", gid);
  visit("stdout_path", stdout_path);
  visit("stderr_path", stderr_path);
  visit("allow", allow);
  visit("exit_on_failure", exit_on_failure);
  visit("stop_delay_ms", stop_delay_ms);
  visit("termination_message", termination_message);
  visit("identity", identity);
}

template <Is<SocketConfig> T, typename Visit>
void VisitFields(T& socket, Visit&& visit) {
  auto& [name, proto, host, port, path, backlog, from_systemd, services, app, arguments, mode, owner, group,
         owner_id, group_id, addresses] = socket;
  visit("name", name);
  visit("proto", proto);
  visit("host", host);
  visit("port", port);
  visit("path", path);
  visit("backlog", backlog);
  visit("from_systemd", from_systemd);
  visit("services", services);
  visit("app", app);
  visit("arguments", arguments);
  visit("mode", mode);
  visit("owner", owner);
  visit("group", group);
  visit("owner_id", owner_id);
  visit("group_id", group_id);
  visit("addresses", addresses);
}

template <Is<ServiceConfig> T, typename Visit>
void VisitFields(T& service, Visit&& visit) {
  auto& [name, num, num_auto, command, directory, restarts, uid, gid, timeout_ms, startup_timeout_ms,
         shutdown_timeout_ms, max_lease_ms, stdout_path, stderr_path, environ, environ_passed, env_files,
         environ_from_files, max_surge, no_new_privileges, capabilities, after, require, autostart, essential,
         type, before_roll, renamed_from, labels, ready, watchdog, stop_signal, logs, rollout, recycle,
         identity] = service;
  visit("name", name);
  visit("num", num);
  visit("num_auto", num_auto);
  visit("command", command);
  visit("directory", directory);
  visit("restarts", restarts);
  visit("uid", uid);
  visit("gid", gid);
  visit("timeout_ms", timeout_ms);
  visit("startup_timeout_ms", startup_timeout_ms);
  visit("shutdown_timeout_ms", shutdown_timeout_ms);
  visit("max_lease_ms", max_lease_ms);
  visit("stdout_path", stdout_path);
  visit("stderr_path", stderr_path);
  visit("environ", environ);
  visit("environ_passed", environ_passed);
  visit("env_files", env_files);
  visit("environ_from_files", environ_from_files);
  visit("max_surge", max_surge);
  visit("no_new_privileges", no_new_privileges);
  visit("capabilities", capabilities);
  visit("after", after);
  visit("require", require);
  visit("autostart", autostart);
  visit("essential", essential);
  visit("type", type);
  visit("before_roll", before_roll);
  visit("renamed_from", renamed_from);
  visit("labels", labels);
  visit("ready", ready);
  visit("watchdog", watchdog);
  visit("stop_signal", stop_signal);
  visit("logs", logs);
  visit("rollout", rollout);
  visit("recycle", recycle);
  visit("identity", identity);
}

template <Is<LoggingConfig> T, typename Visit>
void VisitFields(T& logging, Visit&& visit) {
  auto& [level, target, name, facility] = logging;
  visit("level", level);
  visit("target", target);
  visit("name", name);
  visit("facility", facility);
}

template <Is<Config> T, typename Visit>
void VisitFields(T& config, Visit&& visit) {
  auto& [master, sockets, services, logging, logs] = config;
  visit("master", master);
  visit("sockets", sockets);
  visit("services", services);
  visit("logging", logging);
  visit("logs", logs);
}

template <Is<Problem> T, typename Visit>
void VisitFields(T& problem, Visit&& visit) {
  auto& [file, line, key, text, warning] = problem;
  visit("file", file);
  visit("line", line);
  visit("key", key);
  visit("text", text);
  visit("warning", warning);
}

template <Is<LoadResult> T, typename Visit>
void VisitFields(T& result, Visit&& visit) {
  auto& [config, problems, lines, file, files, socket_labels, service_labels] = result;
  visit("config", config);
  visit("problems", problems);
  visit("lines", lines);
  visit("file", file);
  visit("files", files);
  visit("socket_labels", socket_labels);
  visit("service_labels", service_labels);
}

// The last value of each enumeration.
constexpr int LastOf(Role /*type*/) {
  return static_cast<int>(Role::kOperate);
}
constexpr int LastOf(SocketProto /*type*/) {
  return static_cast<int>(SocketProto::kAny);
}
constexpr int LastOf(ServiceType /*type*/) {
  return static_cast<int>(ServiceType::kOneshot);
}
constexpr int LastOf(LogLevel /*type*/) {
  return static_cast<int>(LogLevel::kTrace);
}
constexpr int LastOf(LogTarget /*type*/) {
  return static_cast<int>(LogTarget::kSyslog);
}

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_FIELDS_H_
