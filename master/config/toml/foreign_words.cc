#include "master/config/toml/foreign_words.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fectl::config {
namespace {

struct Hint {
  std::string_view section;  // of ours, in which people write it
  std::string_view words;    // in lower case, joined by _
  std::string_view text;
};

constexpr Hint kKeys[] = {
    {"master", "daemon daemonize nodaemon background", "use the option --daemon of fectld"},
    {"master", "user", "use uid"},
    {"master", "group", "use gid"},
    {"master", "pidfile pid_file", "use pid"},
    {"master", "socket endpoint file control_socket unix_http_server", "use sock"},
    {"master", "chdir cwd workingdirectory working_dir", "use directory"},
    {"master", "logfile log_file logoutput logto errorlog error_log", "use service and name in [logging]"},
    {"master",
     "pubsub_endpoint stats_endpoint httpd httpd_host httpd_port http_port inet_http_server username "
     "password serverurl",
     "leave it out: the control socket is a UNIX socket, and there is no HTTP interface"},
    {"logging", "loglevel log_level", "use level"},
    {"logging", "logfile log_file logoutput logto errorlog error_log file path",
     R"(use service = "file" and name)"},
    {"logging", "syslog target", R"(use service = "syslog")"},
    {"logging", "syslog_prefix ident tag", R"(use name with service = "syslog")"},
    {"logging", "syslog_facility log_syslog_facility", "use facility"},
    {"socket", "address listen_address bind_address", "use host"},
    {"socket", "bind http http_socket listenstream listen_stream listen",
     R"(use host and port, or proto = "unix" and path)"},
    {"socket", "loader wsgi_file wsgi", "use app"},
    {"socket", "wsgi_app module callable", R"(use app = "wsgi" and arguments = ["app=MODULE:CALLABLE"])"},
    {"socket", "args argument params", "use arguments"},
    {"socket", "user uid socket_owner chown_socket socketuser", "use owner"},
    {"socket", "gid socketgroup", "use group"},
    {"socket", "umask chmod chmod_socket socketmode permissions", "use mode"},
    {"socket", "use_sockets socket_file unix", R"(use proto = "unix" and path)"},
    {"socket", "family type", "use proto"},
    {"socket",
     "keepalive keep_alive accesslog access_log certfile keyfile ca_certs cert_reqs ciphers ssl_version "
     "forwarded_allow_ips proxy_protocol limit_request_line limit_request_fields http_keepalive "
     "access_logfile",
     R"(write it into arguments, as in arguments = ["keepalive=75"]; python/README.md lists them)"},
    {"socket", "so_reuseport reuse_port blocking interface",
     "leave it out: the one listener is shared by all workers"},
    {"service", "user", "use uid"},
    {"service", "group", "use gid"},
    {"service", "workers numprocesses numprocs processes instances", "use num"},
    {"service", "cmd execstart script run exec app_module", "use command"},
    {"service", "args arguments params argv interpreter interpreter_args node_args",
     "put the arguments into command"},
    {"service", "env environment raw_env", R"(use environ = ["NAME=value"])"},
    {"service", "copy_env copy_path passenvironment",
     R"(use environ = ["NAME"], which passes that variable of fectld's own on)"},
    {"service", "ambientcapabilities capabilityboundingset cap_add capability",
     R"(use capabilities = ["CAP_..."])"},
    {"service", "envdir virtualenv pythonpath",
     R"(use environ = ["NAME=value"]: workers get nothing else of fectld's environment)"},
    {"service", "environmentfile environment_file envfile", R"(use env_file = ["web.env"])"},
    {"service", "cwd chdir working_dir workingdirectory", "use directory"},
    {"service",
     "graceful_timeout stopwaitsecs timeoutstopsec kill_timeout timeout_kill timeout_finish "
     "worker_reload_mercy",
     "use shutdown_timeout"},
    {"service", "startsecs wait_ready listen_timeout timeoutstartsec min_uptime",
     "use startup_timeout: a worker says itself when it is up"},
    {"service", "startretries max_retry max_restarts startlimitburst max_death_tally",
     "use restarts, which counts starts that fail in a row"},
    {"service", "watchdogsec harakiri max_hang",
     "use timeout, which is the silence of a worker and not the time of a request"},
    {"service", "warmup_delay max_concurrent", "use max_surge"},
    {"service", "stdout_logfile out_file standardoutput stdout_stream stdout_file log_stdout", "use stdout"},
    {"service", "stderr_logfile error_file standarderror stderr_stream stderr_file errorlog", "use stderr"},
    {"service", "redirect_stderr merge_logs combine_logs capture_output",
     "use stdout and stderr with the same file"},
    {"service",
     "stdout_logfile_maxbytes stdout_logfile_backups stdout_capture_maxbytes stderr_logfile_maxbytes "
     "stderr_logfile_backups stderr_capture_maxbytes max_size rotate",
     "leave it out: logrotate rotates the files, and SIGUSR1 has them opened anew"},
    {"service", "socket sockets use_sockets", "name the service in the socket's key service instead"},
    {"service", "worker_class worker_type loop gevent",
     R"(use command = "python3 -m fectl_worker gevent" (or asyncio))"},
    {"service", "threads gthread", R"(use arguments = ["threads=8", ...] of a socket with app = "wsgi")"},
    {"service", "mount", R"(use arguments = ["root_path=/shop", ...] of the socket)"},
    {"service", "cron mule spooler", "make it a service of its own"},
    {"service", "vacuum", "leave it out: fectld removes the files of its sockets"},
    {"service", "worker_connections preload_app preload lazy_apps enable_threads master",
     "leave it out: each worker is a program of its own"},
    {"service", "access_log_format", R"(use arguments = ["access_log_format=%(h)s ...", ...] of the socket)"},
    {"service", "max_requests max_requests_jitter", "use max_requests and jitter in [service.recycle]"},
    {"service", "max_worker_lifetime max_age max_age_variance",
     "use max_age and jitter in [service.recycle]"},
    {"service", "reload_on_rss max_memory_restart max_rss", R"(use max_rss = "400MiB" in [service.recycle])"},
    {"service", "max_unavailable min_ready_seconds bake_time canary auto_promote auto_revert",
     "it stands in [service.rollout]"},
    {"service.rollout", "maxSurge", "use max_surge"},
    {"service.rollout", "maxUnavailable", "use max_unavailable"},
    {"service.rollout", "min_healthy_time minReadySeconds", "use min_ready_seconds"},
    {"service.rollout", "monitor bake healthy_deadline", "use bake_time"},
    {"service.rollout", "progressDeadlineSeconds progress_deadline_seconds", "use progress_deadline"},
    {"service.rollout", "failure_action", "use auto_revert"},
    {"service.rollout", "max_parallel parallelism", "use max_surge"},
    {"service", "enabled down on_demand", "use autostart = false, and fectl start"},
    {"service", "wants depends depends_on dependencies", "use requires, or after for the order alone"},
    {"service", "tags groups", "use labels"},
    {"service",
     "autorestart exitcodes restart_sec restartsec respawn finish autorestart_exit_codes stop_exit_codes",
     "leave it out: a worker that ends without being asked is always replaced, with pauses"},
    {"service", "stopsignal killsignal kill_signal down_signal",
     "a worker is asked to stop by a message and SIGTERM; for a program that knows nothing of fectl use "
     "stop_signal"},
    {"service", "stopasgroup killasgroup stop_children killmode treekill send_hup",
     "leave it out: what remains of a worker's process group is always killed"},
    {"service", "process_name description unit namespace",
     "leave it out: workers have numbers, and services a name"},
    {"service", "priority singleton increment_var",
     "leave it out: services start together, but for what after and requires say"},
    {"service",
     "hooks pre_start post_start execstartpre execstartpost execstop execreload on_starting pre_fork "
     "post_fork cron_restart watch touch_reload py_autoreload autoreload reload autorestart_delay",
     "leave it out: fectld runs the workers alone, and fectl reload replaces them"},
    {"service", "umask", "leave it out: the umask of workers is 022"},
    {"service",
     "rlimit rlimit_nofile rlimit_core limitnofile limitcore limitnproc memorymax memory_max nice "
     "oomscoreadjust",
     "leave it out: workers have the limits that fectld was started with"},
    {"service", "shell shell_args", R"(write the shell into command, as in ["/bin/sh", "-c", "exec ./web"])"},
    {"service", "nonewprivileges", "use no_new_privileges"},
    {"service", "notification_fd notify type",
     "a worker says that it is up over its channel (FECTL_FD); for a program that knows nothing of fectl use "
     "ready"},
    {"service", "serverurl", "use FECTL_SOCK or fectl --sock"},
};

constexpr Hint kSectionNames[] = {
    {"", "program watcher app apps unit install", "use [[service]]"},
    {"", "fcgi_program uwsgi gunicorn", "use a [[socket]] and a [[service]]"},
    {"", "supervisord supervisor circus supervisorctl", "use [master] and [logging]"},
    {"", "unix_http_server", "use sock in [master]"},
    {"", "inet_http_server rpcinterface", "leave it out: there is no HTTP interface"},
    {"", "env environment", "use environ in [[service]]"},
    {"", "log logger syslog", "use [logging]"},
    {"", "group eventlistener plugin", "there is nothing like it: labels name services together"},
};

absl::string_view View(std::string_view s) {
  return absl::string_view(s.data(), s.size());
}

std::string Normalized(std::string_view word) {
  std::string normalized = absl::AsciiStrToLower(View(word));
  std::replace(normalized.begin(), normalized.end(), '-', '_');
  return normalized;
}

bool Has(const Hint& hint, const std::string& word) {
  for (absl::string_view known : absl::StrSplit(View(hint.words), ' ')) {
    if (known == word) return true;
  }
  return false;
}

}  // namespace

std::string ForeignKeyHint(std::string_view section, std::string_view key) {
  const std::string word = Normalized(key);
  const Hint* elsewhere = nullptr;
  for (const Hint& hint : kKeys) {
    if (!Has(hint, word)) continue;
    if (hint.section == section) return std::string(hint.text);
    // The last one: what is not of this section is most often of a service.
    elsewhere = &hint;
  }
  if (elsewhere == nullptr) return "";
  const bool names_a_key = elsewhere->text.substr(0, 3) == "use";
  const bool list = elsewhere->section == "socket" || elsewhere->section == "service";
  if (!names_a_key) return std::string(elsewhere->text);
  return absl::StrCat(View(elsewhere->text), ", in ", list ? "[[" : "[", View(elsewhere->section),
                      list ? "]]" : "]");
}

std::string ForeignSectionHint(std::string_view name) {
  const std::string word = Normalized(name);
  for (const Hint& hint : kSectionNames) {
    if (Has(hint, word)) return std::string(hint.text);
  }
  return "";
}

}  // namespace fectl::config
