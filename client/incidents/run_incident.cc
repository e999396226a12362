#include "client/incidents/run_incident.h"

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/command_line/command_line.h"
#include "client/exit_code.h"
#include "client/incidents/incident_text.h"
#include "client/session/clock.h"
#include "client/session/log_stream.h"
#include "proto_spec/log_messages.h"

namespace fectl::client {
namespace {

// Reads all that the logger answers to one request. The exit code, if something is wrong.
std::optional<int> Ask(const Context& context, const proto::LogRequest& request,
                       std::vector<proto::Incident>* incidents) {
  absl::StatusOr<LogStream> stream = LogStream::Open(context.socket_path, context.limits, request);
  if (!stream.ok()) return Fail(context, stream.status());
  const int64_t end_ms = MonotonicMs() + context.limits.silence_ms;
  for (;;) {
    while (std::optional<proto::LogAnswer> answer = stream->Take()) {
      if (auto* incident = std::get_if<proto::Incident>(&*answer)) {
        incidents->push_back(std::move(*incident));
      } else if (const auto* error = std::get_if<proto::LogError>(&*answer)) {
        return Fail(context, error->message.starts_with("you may not") ? kNotPermitted : kFailed,
                    error->message);
      } else if (std::holds_alternative<proto::LogEnd>(*answer)) {
        return std::nullopt;
      }
    }
    if (absl::IsAborted(stream->end()))
      return Fail(context, kFailed, "the logger closed the connection before its end");
    if (!stream->end().ok()) return Fail(context, stream->end());
    const int64_t left_ms = end_ms - MonotonicMs();
    if (left_ms <= 0) return Fail(context, kFailed, "the logger does not answer");
    pollfd ready = {stream->fd(), stream->poll_events(), 0};
    if (poll(&ready, 1, static_cast<int>(std::min<int64_t>(left_ms, 60'000))) > 0)
      stream->OnReady(ready.revents);
  }
}

}  // namespace

int RunIncident(const Context& context) {
  const std::vector<std::string>& words = context.invocation.operands;
  std::vector<proto::Incident> incidents;
  if (words.size() < 2) {
    if (const std::optional<int> failed = Ask(context, proto::IncidentsRequest{}, &incidents)) return *failed;
    context.output.Out(context.invocation.json ? IncidentsJson(incidents) : IncidentsText(incidents));
    return kDone;
  }
  proto::IncidentRequest request;
  std::from_chars(words[1].data(), words[1].data() + words[1].size(), request.id);  // it was checked
  if (const std::optional<int> failed = Ask(context, request, &incidents)) return *failed;
  if (incidents.empty()) return Fail(context, kFailed, "there is no incident " + words[1]);
  const proto::Incident& incident = incidents.front();
  const bool as_kept = words[0] == "export" || context.invocation.json;
  context.output.Out(as_kept ? incident.text + "\n" : IncidentText(incident));
  return kDone;
}

}  // namespace fectl::client
