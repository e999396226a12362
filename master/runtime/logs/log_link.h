#ifndef FECTL_MASTER_RUNTIME_LOGS_LOG_LINK_H_
#define FECTL_MASTER_RUNTIME_LOGS_LOG_LINK_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/config/config.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/events/event_sink.h"
#include "master/logger/link/link_end.h"
#include "master/logger/link/link_messages.h"
#include "master/platform/children/children.h"
#include "master/platform/credentials/identity.h"
#include "master/platform/loop/event_loop.h"
#include "master/runtime/logs/log_settings.h"
#include "master/runtime/logs/worker_pipes.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::runtime {

// The master's side of its logger, which is another process of the same program: starts it, sees that it
// lives, and gives it the pipes of workers. Never waits for it.
//
// The master keeps a read end of each pipe, which it never reads, and the memory in which the logger has what
// it has read. So the death of a logger costs no worker anything, and its successor, which is started at
// once, goes on.
class LogLink final : public events::EventSink, private platform::FdWatcher, private platform::ExitObserver {
 public:
  // Both outlive it.
  LogLink(platform::EventLoop* loop, platform::Children* children, LogSurroundings surroundings);
  ~LogLink() override;
  LogLink(const LogLink&) = delete;
  LogLink& operator=(const LogLink&) = delete;

  // What is to be written where, from now on.
  void Use(const config::Config& config);
  // Under which name the settings of a service are found.
  void SetName(core::ServiceId service, const std::string& name);
  void ForgetService(core::ServiceId service);

  // Starts the logger. Once. Where it cannot be started that is said, and tried again.
  void Start(core::Instant now);

  // The pipes for a process of this service that is to be started; `out` and `error` as OpenWorkerPipes().
  absl::StatusOr<WorkerPipes> Open(core::ServiceId service, bool out, bool error,
                                   const platform::Identity* identity) const;
  // The process has been started with these pipes.
  void Add(const core::Incarnation& who, int32_t pid, WorkerPipes pipes);

  // A record of something that has happened, a JSON object without a newline. Kept here until the logger has
  // it.
  void AppendEvent(uint64_t sequence, std::string json) override;
  // The number for one; no incident that is kept has it.
  uint64_t NewIncident() { return ++newest_incident_; }
  // Bytes that are kept of a worker's end, at most 256 KiB.
  void PutIncident(uint64_t id, std::string bytes);

  // The last lines of a process (generation 0: of the newest one of the place that has written), or nullopt
  // where the logger does not answer within 100 ms. `done` is called later, from OnTurn().
  using LastLines = std::function<void(std::optional<std::string>)>;
  void AskLast(const core::Incarnation& who, core::Instant now, LastLines done);

  // After the master's own streams were opened anew (`streams`), or files were moved away.
  void Reopen(bool streams);

  // Once in each turn of the loop.
  void OnTurn(core::Instant now);
  core::Instant next_deadline() const;

  // Everything that workers have written is written, or 6 s are over. The last call.
  void Finish();

  // The logger's process; 0: none runs.
  int32_t pid() const { return child_ == nullptr ? 0 : child_->pid(); }
  // Read ends that are held.
  size_t pipes() const { return pipes_.size(); }
  // Lines that were lost, since the master was started.
  uint64_t dropped_lines() const { return dropped_lines_; }
  // Called with a service, how many of its lines were lost, and why.
  void OnDropped(std::function<void(core::ServiceId, uint64_t, const std::string&)> call) {
    on_dropped_ = std::move(call);
  }

 private:
  struct Event {
    uint64_t sequence = 0;
    std::string json;
  };
  struct Question {
    core::Instant deadline;
    LastLines done;
    std::optional<std::string> lines = {};
    bool answered = false;
  };
  void OnReady(uint32_t events) override;
  void OnChildExit(platform::Child& child, const platform::ExitStatus& status) override;
  absl::Status Launch();
  void SendAll();
  bool Send(const logger::ToLogger& message, const std::vector<int>& fds = {});
  void SendPing(core::Span patience);
  void SendService(core::ServiceId service);
  void ReadAll();
  void Take(const logger::Beat& beat);
  void Take(const logger::PipeEnded& ended);
  void Take(const logger::EventsKept& kept);
  void Take(const logger::LastGiven& given);
  void Take(const logger::Said& said);
  void Take(const logger::IncidentsThere& there);
  void Take(const logger::Dropped& dropped);
  void WatchLink();
  void Close();
  void RestartAt(core::Instant at);
  void AnswerQuestions(core::Instant now);

  platform::EventLoop* loop_;
  platform::Children* children_;
  const LogSurroundings surroundings_;
  base::UniqueFd memory_;  // that loggers hand on
  logger::Settings settings_;
  config::LogsConfig logs_;
  std::map<std::string, config::ServiceConfig> configured_;  // by name
  std::map<core::ServiceId, std::string> names_;
  std::map<logger::Writer, base::UniqueFd> pipes_;  // never read
  std::deque<Event> events_;                        // that the logger does not have for sure
  size_t events_bytes_ = 0;
  std::map<uint64_t, Question> questions_;
  uint64_t next_question_ = 1;
  std::optional<logger::LinkEnd> link_;
  std::unique_ptr<platform::Child> child_;
  std::function<void(core::ServiceId, uint64_t, const std::string&)> on_dropped_;
  uint64_t dropped_lines_ = 0;
  uint64_t newest_incident_ = 0;
  core::Instant now_;
  core::Instant started_at_;
  core::Instant silent_at_ = core::kNever;   // when it counts as hung
  core::Instant restart_at_ = core::kNever;  // when the next one is started
  core::Span pause_;                         // before that
  core::Instant pinged_at_;                  // the last time that it was asked whether it lives
  bool beaten_ = false;                      // this one has shown that it does
  bool watched_ = false;
};

}  // namespace fectl::runtime

#endif  // FECTL_MASTER_RUNTIME_LOGS_LOG_LINK_H_
