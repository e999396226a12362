#include "master/runtime/manager/manager_notices.h"

#include <glog/logging.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "master/platform/loop/clock.h"
#include "master/runtime/limits.h"

namespace fectl::runtime {
namespace {

int64_t Microseconds(core::Span span) {
  return span.ns / 1000;
}

}  // namespace

ManagerNotices::ManagerNotices(platform::NotifySocket socket, std::function<std::string()> status)
    : socket_(std::move(socket)), status_(std::move(status)) {
  if (socket_.watchdog_ns() > 0) beat_at_ = core::Instant{};
}

void ManagerNotices::OnTurn(core::Instant now, const Going& going) {
  if (!socket_.wanted() || now < retry_at_) return;
  if (beat_at_ <= now && Send(now, "WATCHDOG=1")) beat_at_ = now + core::Span{socket_.watchdog_ns() / 2};
  if (now < retry_at_) return;
  TellTransitions(now, going);
  if (now < retry_at_) return;
  const bool takes_time = going.stopping || !told_ready_ || told_reloading_;
  if (!takes_time) {
    extend_at_ = core::kNever;
  } else if (extend_at_ <= now) {
    Tell(now, "", /*takes_time=*/true);
  }
  TellStatus(now);
}

void ManagerNotices::TellTransitions(core::Instant now, const Going& going) {
  if (!told_main_pid_ && !told_ready_ && !going.stopping) {
    // Of a daemon the manager knows a process that ends at once.
    const std::string pid = socket_.moved() ? absl::StrCat("MAINPID=", getpid()) : "";
    if (!Tell(now, pid, /*takes_time=*/true)) return;
    told_main_pid_ = true;
  }
  if (going.stopping) {
    if (!told_stopping_ && Tell(now, "STOPPING=1", /*takes_time=*/true)) told_stopping_ = true;
    return;
  }
  if (!told_ready_) {
    // An application before that belongs to the start.
    told_applications_ = going.applications - (going.applying ? 1 : 0);
    if (!going.up || !Tell(now, "READY=1", /*takes_time=*/false)) return;
    told_ready_ = true;
  }
  if (!told_reloading_ && told_applications_ != going.applications) {
    // Behind the moment in which the manager asked for it, by the kernel's clock.
    if (!Tell(now, absl::StrCat("RELOADING=1\nMONOTONIC_USEC=", platform::MonotonicNanos() / 1000),
              /*takes_time=*/true))
      return;
    told_reloading_ = true;
    told_applications_ = going.applications;
  }
  // Another one may have begun since; it is told then, as a reload that lasts longer.
  if (told_reloading_ && !going.applying && Tell(now, "READY=1", /*takes_time=*/false)) {
    told_reloading_ = false;
    told_applications_ = going.applications;
  }
}

// A burst of changes is one line.
void ManagerNotices::TellStatus(core::Instant now) {
  status_waits_ = now < status_at_;
  if (status_waits_) return;
  status_at_ = now + kNotifyStatusInterval;
  if (const std::string status = status_(); status != told_status_) {
    if (Send(now, absl::StrCat("STATUS=", status))) told_status_ = status;
  }
}

// With the line of status, and more time where what goes on takes its time.
bool ManagerNotices::Tell(core::Instant now, std::string_view notice, bool takes_time) {
  std::string message(notice);
  const auto add = [&message](const std::string& line) {
    absl::StrAppend(&message, message.empty() ? "" : "\n", line);
  };
  if (takes_time) add(absl::StrCat("EXTEND_TIMEOUT_USEC=", Microseconds(kNotifyExtension)));
  const std::string status = status_();
  if (status != told_status_) add("STATUS=" + status);
  if (!Send(now, message)) return false;
  told_status_ = status;
  status_at_ = now + kNotifyStatusInterval;
  extend_at_ = takes_time ? now + kNotifyExtensionInterval : core::kNever;
  return true;
}

bool ManagerNotices::Send(core::Instant now, const std::string& message) {
  const absl::Status sent = socket_.Send(message);
  retry_at_ = sent.ok() ? core::Instant{} : now + kNotifyPause;
  if (absl::IsInvalidArgument(sent)) socket_ = {};
  LOG_IF(WARNING, !sent.ok() && !std::exchange(warned_, true)) << sent.message();
  return sent.ok();
}

core::Instant ManagerNotices::next_deadline() const {
  if (!socket_.wanted()) return core::kNever;
  // What could not be sent may have been a notice without a time of its own.
  if (retry_at_ > core::Instant{}) return retry_at_;
  return std::min({beat_at_, extend_at_, status_waits_ ? status_at_ : core::kNever});
}

std::string StatusLine(const std::vector<core::Service>& services, bool stopping) {
  uint64_t wanted = 0;
  uint64_t ready = 0;
  uint64_t processes = 0;
  uint64_t failed = 0;
  for (const core::Service& service : services) {
    processes += service.processes();
    failed += service.state() == core::ServiceState::kFailed ? 1 : 0;
    if (!service.up() || service.policy().oneshot) continue;
    wanted += service.policy().num;
    ready += service.serving();
  }
  if (stopping)
    return absl::StrCat("stopping, ", processes, processes == 1 ? " process" : " processes", " left");
  return absl::StrCat(services.size(), services.size() == 1 ? " service, " : " services, ", ready, "/",
                      wanted, " ready", failed == 0 ? "" : absl::StrCat(", ", failed, " failed"));
}

}  // namespace fectl::runtime
