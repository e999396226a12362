#ifndef FECTL_MASTER_LOGGER_LOGGER_H_
#define FECTL_MASTER_LOGGER_LOGGER_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/logger/files/room.h"
#include "master/logger/files/tidy.h"
#include "master/logger/intake.h"
#include "master/logger/link/link_end.h"
#include "master/logger/link/link_messages.h"
#include "master/logger/memory/arena.h"
#include "master/logger/readers/reader_server.h"
#include "master/logger/readers/registry.h"
#include "master/logger/sinks/sink.h"
#include "master/logger/sinks/writing_thread.h"
#include "master/logger/threads/bell.h"
#include "master/logger/threads/task_thread.h"
#include "master/platform/loop/event_loop.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {

// The process that takes what workers write: reads their pipes, keeps the newest lines in memory that the
// next logger gets, writes them where they belong, and serves readers. Its loop waits for no disk: what may
// wait has its own threads.
class Logger final : private SinkObserver, private platform::FdWatcher {
 public:
  // `memory` as Arena::Open() takes it.
  static absl::StatusOr<std::unique_ptr<Logger>> Make(base::UniqueFd link, base::UniqueFd memory);
  ~Logger() override;

  // Until the master says so, or is gone and nobody writes any more.
  absl::Status Run();

 private:
  Logger(std::unique_ptr<platform::EventLoop> loop, std::unique_ptr<Arena> arena, base::UniqueFd link);
  absl::Status Begin();

  // What other threads ring is looked at in the next turn.
  struct BellWatcher final : platform::FdWatcher {
    explicit BellWatcher(Bell* the_bell) : bell(the_bell) {}
    void OnReady(uint32_t /*events*/) override { bell->Clear(); }
    Bell* bell;
  };
  void OnReady(uint32_t events) override;  // the link
  void Take(LinkEnd::Received received);
  void Do(const Settings& settings, std::vector<base::UniqueFd>* fds);
  void Do(const ServiceSettings& settings, std::vector<base::UniqueFd>* fds);
  void Do(const PipeGiven& given, std::vector<base::UniqueFd>* fds);
  void Do(const AllGiven& given, std::vector<base::UniqueFd>* fds);
  void Do(const ServiceGone& gone, std::vector<base::UniqueFd>* fds);
  void Do(const EventGiven& event, std::vector<base::UniqueFd>* fds);
  void Do(const IncidentPiece& piece, std::vector<base::UniqueFd>* fds);
  void Do(const LastWanted& wanted, std::vector<base::UniqueFd>* fds);
  void Do(const ReopenFiles& reopen, std::vector<base::UniqueFd>* fds);
  void Do(const Ping& ping, std::vector<base::UniqueFd>* fds);
  void Do(const Leave& leave, std::vector<base::UniqueFd>* fds);

  void OnSaid(bool error, std::string text) override;
  void OnDropped(uint64_t service, uint64_t lines, std::string why) override;
  void OnFilesToTidy() override;

  std::shared_ptr<ServiceLog> LogOf(const ServiceSettings& settings);
  std::unique_ptr<Sink> MakeSink(Target target, ServiceLog* log);
  void Attach(const std::shared_ptr<ServiceLog>& log);
  void DropGone();
  void Tell(const ToMaster& message);
  void TellLater(const ToMaster& message);  // from any thread
  void TellKept();
  int64_t OnTurn();  // when the next one has to be, in ns from now; -1: whenever
  void WatchLink();
  bool later_empty();
  absl::Status Finish();

  std::unique_ptr<platform::EventLoop> loop_;
  std::unique_ptr<Arena> arena_;
  LinkEnd link_;
  Bell bell_;  // of other threads, for the loop
  BellWatcher bell_watcher_{&bell_};
  Registry registry_;
  Room room_;
  Intake intake_;
  std::vector<std::shared_ptr<ServiceLog>> gone_;  // whose last lines are written
  std::mutex later_mutex_;
  std::deque<std::string> later_;
  bool leaves_ = false;
  bool events_fail_ = false;  // of the store's thread
  std::atomic<int64_t> tidy_at_ms_ = 0;
  Tidy tidy_;
  TaskThread store_;  // events and incidents
  TaskThread tidying_;
  std::array<std::unique_ptr<WritingThread>, kSinksMax> writing_;  // by target
  std::unique_ptr<ReaderServer> readers_;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_LOGGER_H_
