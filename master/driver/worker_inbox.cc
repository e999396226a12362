#include "master/driver/worker_inbox.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "master/core/basis/time.h"

namespace fectl::driver {

namespace {

using Message = proto::WorkerMessage;

core::Span LengthOf(const Message& lease) {
  constexpr double kSecondsMax = 1e9;  // so that no sum of times overflows; `max_lease` is less
  return core::Milliseconds(static_cast<int64_t>(std::ceil(std::min(lease.seconds, kSecondsMax) * 1000)));
}

}  // namespace

void WorkerInbox::Append(std::string_view bytes) {
  if (broken_) return;
  reader_.Append(bytes);
  for (;;) {
    auto payload = reader_.Next();
    if (payload.ok() && !payload->has_value()) return;
    absl::StatusOr<Message> message =
        payload.ok() ? proto::DecodeWorkerMessage(**payload) : absl::StatusOr<Message>(payload.status());
    if (!message.ok()) {
      broken_ = true;
      sink_->Emit(core::WorkerViolated{who_, std::string(message.status().message())});
      return;
    }
    OnMessage(*std::move(message));
  }
}

void WorkerInbox::OnMessage(Message message) {
  // Whatever a worker says, it is alive, but for a lease, which another thread may say. (What it asks for is
  // judged after that, and an end by its own word last.)
  const bool is_beat = message.kind != Message::Kind::kLoaded && message.kind != Message::Kind::kLease;
  if (is_beat) sink_->Emit(core::WorkerBeat{who_});
  switch (message.kind) {
    case Message::Kind::kHeartbeat:
      if (!message.gauges.empty()) gauges_ = std::move(message.gauges);
      break;
    case Message::Kind::kLoaded:
      loaded_ = true;
      level_ = message.level;
      sink_->Emit(core::WorkerLoaded{who_});
      break;
    case Message::Kind::kReload:
      sink_->Emit(core::WorkerAsked{who_, core::Urgency::kReload, false, {}});
      break;
    case Message::Kind::kRestart:
      sink_->Emit(core::WorkerAsked{who_, core::Urgency::kRestart, false, {}});
      break;
    case Message::Kind::kStopping:
      sink_->Emit(core::WorkerAsked{who_, core::Urgency::kReload, true, std::move(message.text)});
      break;
    case Message::Kind::kConfigError:
      sink_->Emit(core::WorkerConfigError{who_, std::move(message.text)});
      break;
    case Message::Kind::kStatus:
      note_ = std::move(message.text);
      break;
    case Message::Kind::kAppMessage:
      sink_->OnAppMessage(who_, message.text);
      break;
    case Message::Kind::kLease:
      sink_->Emit(core::WorkerLeased{who_, LengthOf(message), message.progress, std::move(message.text)});
      break;
    case Message::Kind::kForked:  // a step of the old master's own child, which ours does not have
      break;
  }
}

}  // namespace fectl::driver
