#include "master/logger/readers/reader.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "master/logger/readers/log_lines.h"
#include "master/platform/loop/clock.h"
#include "proto_spec/frame.h"

namespace fectl::logger {
namespace {

constexpr int64_t kRequestMs = 10'000;  // from the connection to the whole request
constexpr size_t kOutBytes = 64 << 10;  // written at a time

absl::Status Gone() {
  return absl::CancelledError("the reader is gone");
}

std::vector<gid_t> GroupsOf(int socket, gid_t group) {
  std::vector<gid_t> groups(64);
  socklen_t bytes = groups.size() * sizeof(gid_t);
  while (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) != 0) {
    if (errno != ERANGE) return {group};
    groups.resize(bytes / sizeof(gid_t));
  }
  groups.resize(bytes / sizeof(gid_t));
  groups.push_back(group);
  return groups;
}

}  // namespace

void Reader::Finish() {
  finishing_ = true;
  bell_.Ring();
}

void Reader::Stop() {
  stopped_ = true;
  shutdown(socket_.get(), SHUT_RDWR);
  bell_.Ring();
}

void Reader::Serve() {
  const absl::Status served = Run();
  if (absl::IsCancelled(served)) return;
  const absl::Status last =
      served.ok() ? Put(proto::LogEnd{}) : Put(proto::LogError{std::string(served.message())});
  if (last.ok()) Flush().IgnoreError();
}

absl::StatusOr<proto::LogRequest> Reader::ReadRequest() {
  proto::FrameReader frames(proto::kLogRequestBytesMax, /*long_frames=*/true);
  const int64_t deadline = platform::MonotonicNanos() / 1'000'000 + kRequestMs;
  std::array<char, 4096> bytes;
  for (;;) {
    const absl::StatusOr<std::optional<std::string_view>> frame = frames.Next();
    if (!frame.ok()) return frame.status();
    if (frame->has_value()) return proto::DecodeLogRequest(**frame);
    const int64_t left = deadline - platform::MonotonicNanos() / 1'000'000;
    pollfd readable = {socket_.get(), POLLIN, 0};
    if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) == 0)
      return absl::DeadlineExceededError("the request has not come within 10 s");
    const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return Gone();
    if (got > 0) frames.Append(std::string_view(bytes.data(), static_cast<size_t>(got)));
  }
}

Registry::Role Reader::Role() const {
  ucred peer = {};
  socklen_t bytes = sizeof peer;
  if (getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0) return Registry::Role::kNone;
  return registry_->RoleOf(peer.uid, GroupsOf(socket_.get(), peer.gid));
}

absl::Status Reader::Run() {
  absl::StatusOr<proto::LogRequest> request = ReadRequest();
  if (!request.ok()) return request.status();
  const bool of_events = std::holds_alternative<proto::EventsRequest>(*request);
  if (Role() < (of_events ? Registry::Role::kEvents : Registry::Role::kLogs)) {
    return absl::PermissionDeniedError(absl::StrCat(
        "you may not read ", of_events ? "events" : "lines of workers",
        ": [master] allow names who may, as in ", of_events ? "\"observe:@ops\"" : "\"logs:@ops\""));
  }
  return std::visit([this](const auto& one) { return Serve(one); }, *request);
}

absl::Status Reader::Put(const proto::LogAnswer& answer) {
  if (absl::Status framed = proto::AppendFrame(proto::EncodeLogAnswer(answer), proto::Level::kTwo, &out_);
      !framed.ok())
    return framed;
  return out_.size() < kOutBytes ? absl::OkStatus() : Flush();
}

absl::Status Reader::Flush() {
  size_t done = 0;
  while (done < out_.size()) {
    if (stopped_) return Gone();
    const ssize_t some =
        send(socket_.get(), out_.data() + done, out_.size() - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (some >= 0) {
      done += static_cast<size_t>(some);
    } else if (errno == EAGAIN) {
      bell_.Prepare();
      pollfd writable = {socket_.get(), POLLOUT, 0};
      if (poll(&writable, 1, -1) < 0 && errno != EINTR) return Gone();
    } else if (errno != EINTR) {
      return Gone();
    }
  }
  out_.clear();
  return absl::OkStatus();
}

absl::Status Reader::WaitForMore() {
  if (stopped_ || finishing_ || bell_.Wait(-1, socket_.get(), POLLRDHUP)) return Gone();
  return absl::OkStatus();
}

absl::Status Reader::Serve(const proto::LogsRequest& request) {
  absl::StatusOr<std::unique_ptr<LogLines>> lines = LogLines::Make(request, registry_);
  if (!lines.ok()) return lines.status();
  const auto put = [this](const proto::LogAnswer& answer) { return Put(answer); };
  if (absl::Status s = (*lines)->PutHistory(put); !s.ok()) return s;
  if (!request.follow) {
    // What has come, and is not in a file yet.
    return (*lines)->PutNew(put);
  }
  struct Bells {
    ~Bells() {
      for (const auto& log : logs) log->RemoveBell(bell);
    }
    std::vector<std::shared_ptr<ServiceLog>> logs;
    Bell* bell;
  } bells{(*lines)->logs(), &bell_};
  for (const auto& log : bells.logs) log->AddBell(&bell_);
  for (;;) {
    bell_.Prepare();
    if (absl::Status s = (*lines)->PutNew(put); !s.ok()) return s;
    if (absl::Status s = Flush(); !s.ok()) return s;
    bell_.Prepare();
    if ((*lines)->HasNew()) continue;
    if (absl::Status s = WaitForMore(); !s.ok()) return s;
  }
}

absl::Status Reader::Serve(const proto::IncidentsRequest& /*request*/) {
  for (const proto::Incident& incident : registry_->incidents().List()) {
    if (absl::Status s = Put(incident); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status Reader::Serve(const proto::IncidentRequest& request) {
  const std::optional<proto::Incident> incident = registry_->incidents().Find(request.id);
  if (!incident.has_value()) return absl::NotFoundError(absl::StrCat("there is no incident ", request.id));
  return Put(*incident);
}

absl::Status Reader::Serve(const proto::EventsRequest& request) {
  EventStore& events = registry_->events();
  const std::string start = request.boot.empty() ? events.boot() : request.boot;
  // Where the boot is not kept any more, all that is kept is behind it.
  bool begun = !request.after.has_value() || !events.Has(start);
  uint64_t last = 0;  // the last one that was looked at
  std::string boot;
  absl::Status status;
  const auto look = [&](const proto::EventLine& event) {
    if (!begun && event.boot != start) return true;
    if (!begun) last = *request.after;
    if (begun && event.boot != boot) last = 0;
    begun = true;
    boot = event.boot;
    if (event.seq <= last) return true;
    if (last > 0 && event.seq > last + 1 && !request.now)
      status = Put(proto::EventGap{.from = last + 1, .to = event.seq - 1});
    last = event.seq;
    const bool wanted = !request.now && (!request.since_ms || event.t_ms >= *request.since_ms) &&
                        proto::MatchesType(event.type, request.types);
    if (status.ok() && wanted) status = Put(event);
    return status.ok();
  };
  events.ForEach(look);
  if (!status.ok() || !request.follow) return status;
  return Follow(request, last, boot);
}

absl::Status Reader::Follow(const proto::EventsRequest& request, uint64_t last, std::string boot) {
  struct Added {
    Added(EventStore* the_store, Bell* the_bell) : store(the_store), bell(the_bell) { store->AddBell(bell); }
    ~Added() { store->RemoveBell(bell); }
    EventStore* store;
    Bell* bell;
  } added(&registry_->events(), &bell_);
  for (;;) {
    bell_.Prepare();
    std::vector<proto::EventLine> events;
    registry_->events().After(last, boot, &events);
    for (const proto::EventLine& event : events) {
      if (event.boot != boot) last = 0;
      boot = event.boot;
      if (last > 0 && event.seq > last + 1) {
        if (absl::Status s = Put(proto::EventGap{.from = last + 1, .to = event.seq - 1}); !s.ok()) return s;
      }
      last = event.seq;
      if (!proto::MatchesType(event.type, request.types)) continue;
      if (absl::Status s = Put(event); !s.ok()) return s;
    }
    if (absl::Status s = Flush(); !s.ok()) return s;
    if (!events.empty()) continue;
    if (absl::Status s = WaitForMore(); !s.ok()) return s;
  }
}

}  // namespace fectl::logger
