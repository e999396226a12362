#ifndef MASTER_RUNTIME_MANAGER_MANAGER_NOTICES_H_
#define MASTER_RUNTIME_MANAGER_MANAGER_NOTICES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "master/core/basis/time.h"
#include "master/core/service/service.h"
#include "master/platform/notify/notify_socket.h"

namespace fectl::runtime {

// How it is going, as far as the service manager wants to know.
struct Going {
  bool up = false;            // every service has come up, or cannot
  bool stopping = false;      // all of them are to stop, or have
  uint64_t applications = 0;  // of configurations, that have begun so far
  bool applying = false;      // the last of them has not ended
};

// Tells the service manager (systemd with Type=notify) of the start, of each application of a configuration
// and of the end, shows it a line of status, and keeps its watchdog and its timeouts from ending a fectld
// whose loop turns.
//
// What could not be sent is sent later: what was told is compared with what is, so nothing has to be kept.
class ManagerNotices {
 public:
  // `status`: the line. Called when it may have to be sent, not more than once a second but for the other
  // notices.
  ManagerNotices(platform::NotifySocket socket, std::function<std::string()> status);
  ManagerNotices(const ManagerNotices&) = delete;
  ManagerNotices& operator=(const ManagerNotices&) = delete;

  // Once in each turn of the loop, with its time.
  void OnTurn(core::Instant now, const Going& going);
  // When OnTurn() has to be called at the latest; kNever: no need.
  core::Instant next_deadline() const;

 private:
  void TellTransitions(core::Instant now, const Going& going);
  void TellStatus(core::Instant now);
  bool Tell(core::Instant now, std::string_view notice, bool takes_time);
  bool Send(core::Instant now, const std::string& message);

  platform::NotifySocket socket_;
  std::function<std::string()> status_;
  std::string told_status_;
  bool told_main_pid_ = false;
  bool told_ready_ = false;
  bool told_stopping_ = false;
  bool told_reloading_ = false;
  uint64_t told_applications_ = 0;
  bool warned_ = false;
  core::Instant retry_at_;                  // after a failure: nothing is sent before
  core::Instant beat_at_ = core::kNever;    // the next "WATCHDOG=1"
  core::Instant extend_at_ = core::kNever;  // the next longer timeout, while something takes its time
  core::Instant status_at_;                 // the line is not made before
  bool status_waits_ = false;               // a turn came before that
};

// "4 services, 31/32 ready": workers that serve, of those that services which are not stopped should have.
std::string StatusLine(const std::vector<core::Service>& services, bool stopping);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_MANAGER_MANAGER_NOTICES_H_
