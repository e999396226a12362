#include <glog/logging.h>

#include <algorithm>
#include <optional>
#include <string>

#include "master/platform/files/whole_file.h"
#include "master/runtime/master.h"

// How fectld comes to its end by itself.

namespace fectl::runtime {

// True: SIGTERM is no end yet.
bool Master::PutOffEnd() {
  if (supervisor().shutting_down() || !ending_.PutOff(driver_.at().now)) return false;
  Tell({.type = proto::EventType::kMasterStopping, .texts = {{"why", "a signal"}}});
  LOG(INFO) << "got SIGTERM: all goes on for " << applier_.running().master.stop_delay_ms
            << " ms (stop_delay), then every service is to stop";
  return true;
}

void Master::NoteFailure(const core::Report& effect) {
  const config::Config& running = applier_.running();
  const std::string name = NameOf(effect.service);
  if (!running.master.exit_on_failure || supervisor().shutting_down()) return;
  const bool essential = std::any_of(
      running.services.begin(), running.services.end(),
      [&](const config::ServiceConfig& service) { return service.name == name && service.essential; });
  if (!essential) return;
  ending_.OnFailure(
      {.service = effect.service, .slot = effect.slot, .cause = effect.record.cause, .name = name},
      driver_.at().now);
}

void Master::EndIfDue(core::Instant now) {
  const std::optional<Ending::Failure>& failure = ending_.failure();
  const LastWords::Words* const words =
      failure.has_value() ? last_words_.Of(failure->service, failure->slot) : nullptr;
  if (!ending_.IsDue(now, words == nullptr || !words->asked)) return;
  if (words != nullptr) last_lines_ = words->lines;
  if (failure.has_value()) {
    LOG(ERROR) << "the essential service " << failure->name
               << " has failed: every service is to stop, and fectld "
               << "exits with " << ending_.exit_code();
    ShutDown({.graceful = true}, failure->name + " has failed");
  } else {
    LOG(INFO) << "stop_delay is over: every service is to stop";
    ShutDown({.graceful = true}, "a signal");
  }
}

// When nobody is kept waiting by a slow file any more.
void Master::SayWhyItEnds() {
  const std::optional<Ending::Failure>& failure = ending_.failure();
  if (!failure.has_value() || parts_.termination_message.empty()) return;
  const absl::Status written = platform::WriteWholeFile(
      parts_.termination_message, EndingText(failure->name, failure->slot, failure->cause, last_lines_));
  LOG_IF(WARNING, !written.ok()) << "termination_message: " << written.message();
}

}  // namespace fectl::runtime
