#ifndef FECTL_MASTER_LOGGER_INTAKE_H_
#define FECTL_MASTER_LOGGER_INTAKE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/logger/lines/service_log.h"
#include "master/logger/memory/arena.h"
#include "master/logger/memory/stage.h"
#include "master/platform/loop/event_loop.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {

// All pipes on which workers write: reads them, and moves lines into the rings of their services. One thread.
class Intake {
 public:
  // `ended` is told of each pipe on which nothing comes any more. All outlive it.
  Intake(Arena* arena, platform::EventLoop* loop, std::function<void(const Writer&)> ended)
      : arena_(arena), loop_(loop), ended_(std::move(ended)) {}
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // A pipe that is known already is taken once.
  absl::Status Add(const Writer& writer, base::UniqueFd pipe, std::shared_ptr<ServiceLog> log);

  // What a logger before this one had of processes whose pipes nobody has any more becomes lines. `find`
  // gives the log of a service, or nullptr.
  void FinishOthers(int64_t t_ms, const std::function<std::shared_ptr<ServiceLog>(uint64_t)>& find);

  // Once in each turn of the loop, after it: unfinished lines that wait for too long are moved as pieces.
  // Returns when to call it at the latest; INT64_MAX: no need.
  int64_t OnTurn(int64_t now_ms, int64_t t_ms);

  // There may be room again where there was none. Once in each turn, before OnTurn().
  void RetryFull(int64_t now_ms, int64_t t_ms);
  // Reads what there is, and ends with it.
  void ReadAll(int64_t t_ms);

  // The last lines of the process with this generation, or of the newest one that has written where it is 0.
  // All that has been written until now is read first.
  std::string LastLines(uint64_t service, uint32_t worker, uint64_t generation, int64_t t_ms);

  void ForgetService(uint64_t service);
  size_t size() const { return pipes_.size(); }

  // A burst that comes faster than it can be written waits in the pipes for so long; after that lines are
  // dropped, and as long as nothing is written at all nobody waits.
  static constexpr int64_t kPatienceMs = 25;
  // How long a line may be without an end.
  static constexpr int64_t kUnfinishedMs = 1'000;

 private:
  struct Pipe final : platform::FdWatcher {
    Pipe(Intake* the_intake, base::UniqueFd the_fd, Stage the_stage, std::shared_ptr<ServiceLog> the_log)
        : intake(the_intake), fd(std::move(the_fd)), stage(std::move(the_stage)), log(std::move(the_log)) {}
    void OnReady(uint32_t events) override { intake->OnPipe(this, events); }

    Intake* intake;
    base::UniqueFd fd;
    Stage stage;
    std::shared_ptr<ServiceLog> log;
    int64_t unfinished_since_ms = 0;  // 0: no line is
    bool waits_for_room = false;      // is not watched
    int64_t waits_since_ms = 0;
    uint64_t gave_up_at = UINT64_MAX;  // how far its service was written when lines were dropped
    bool ended = false;
  };
  using Pipes = std::map<Writer, std::unique_ptr<Pipe>>;

  void OnPipe(Pipe* pipe, uint32_t events);
  void Move(Pipe* pipe, Stage::Rules::Rest rest);
  void End(Pipe* pipe);
  static int64_t DropsAt(const Pipe& pipe);
  void KeepLast(const Stage& stage);
  absl::StatusOr<Stage> StageFor(const Writer& writer, const ServiceLog& log);

  // Of ended processes, the two newest of each place.
  struct Ended {
    uint64_t generation = 0;
    std::string lines;
  };
  static constexpr size_t kEndedMax = 2;

  Arena* arena_;
  platform::EventLoop* loop_;
  std::function<void(const Writer&)> ended_;
  Pipes pipes_;
  std::set<Pipe*> unfinished_;
  std::set<Pipe*> full_;
  std::map<std::pair<uint64_t, uint32_t>, std::vector<Ended>> last_;
  int64_t t_ms_ = 0;  // of the turn
  int64_t now_ms_ = 0;
  friend struct Pipe;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_INTAKE_H_
