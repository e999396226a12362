// What a program says over NOTIFY_SOCKET (sd_notify(3)): one datagram, read.
#ifndef FECTL_WORKER_SDK_RUN_NOTIFY_NOTIFICATION_H_
#define FECTL_WORKER_SDK_RUN_NOTIFY_NOTIFICATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fectl::run {

struct Notification {
  bool ready = false;
  bool reloading = false;
  bool stopping = false;
  bool watchdog = false;          // WATCHDOG=1: alive
  bool watchdog_trigger = false;  // WATCHDOG=trigger: "take me for hung"
  std::optional<std::string> status = {};
  std::optional<int64_t> extend_ms = {};  // EXTEND_TIMEOUT_USEC
  bool main_pid = false;                  // MAINPID: it wants another process to be the program
  friend bool operator==(const Notification&, const Notification&) = default;
};

// Lines that mean nothing here (FDSTORE=1, BARRIER=1, ERRNO, words of one's own) are passed over.
Notification ReadNotification(std::string_view datagram);

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_NOTIFY_NOTIFICATION_H_
