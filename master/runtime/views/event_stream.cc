#include "master/runtime/views/event_stream.h"

#include <variant>

#include "master/platform/loop/clock.h"

namespace fectl::runtime {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;

}  // namespace

events::Head EventStream::HeadOf(core::EventNumber number) const {
  return {number, supervisor_->boot(), platform::WallNanos() / kNanosPerMilli};
}

void EventStream::Append(core::EventNumber number, std::string record) {
  sink_->AppendEvent(number, std::move(record));
}

void EventStream::Tell(const core::Effects& effects,
                       const std::function<std::string(core::ServiceId)>& name_of) {
  for (const core::Effect& effect : effects) {
    if (const auto* report = std::get_if<core::Report>(&effect)) {
      Append(report->number, events::RecordOf(HeadOf(report->number), name_of(report->service), *report));
    } else if (const auto* of_service = std::get_if<core::ServiceReport>(&effect)) {
      Append(of_service->number,
             events::RecordOf(HeadOf(of_service->number), name_of(of_service->service), *of_service));
    }
  }
}

void EventStream::Tell(const events::Fact& fact) {
  const core::EventNumber number = supervisor_->NewEvent();
  Append(number, events::RecordOf(HeadOf(number), fact));
}

void EventStream::TellOfSockets(const std::vector<SharedSocket>& sockets) {
  std::map<ListenerId, std::pair<std::string, std::string>> now;
  for (const SharedSocket& socket : sockets) now[socket.listener] = {socket.name, socket.address};
  const auto tell = [this](proto::EventType type, const std::pair<std::string, std::string>& socket) {
    Tell({.type = type, .texts = {{"socket", socket.first}, {"address", socket.second}}});
  };
  for (const auto& [id, socket] : sockets_) {
    if (now.count(id) == 0) tell(proto::EventType::kSocketClosed, socket);
  }
  for (const auto& [id, socket] : now) {
    if (sockets_.count(id) == 0) tell(proto::EventType::kSocketOpened, socket);
  }
  sockets_ = std::move(now);
}

}  // namespace fectl::runtime
