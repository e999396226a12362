#ifndef MASTER_RUNTIME_ROLLOUTS_ROLLOUT_WATCH_H_
#define MASTER_RUNTIME_ROLLOUTS_ROLLOUT_WATCH_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "master/config/config.h"
#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/core/boundary/events.h"
#include "master/core/service/service.h"
#include "master/core/supervisor.h"
#include "proto_spec/rollout/control_rollout.h"

namespace fectl::runtime {

// What rollouts and recycling need to know of workers and the supervisor does not see: memory and gauges.
// Reads /proc, which does not wait for disks. Not thread-safe.
class RolloutWatch {
 public:
  using Gauges = std::vector<std::pair<std::string, double>>;

  // The bounds of each service, by its name. Called with each configuration that comes to run.
  void Use(const config::Config& config);

  // A worker is loaded. In a rollout its memory is remembered, and that of the old worker.
  void OnLoaded(const core::Service& service, const core::Incarnation& who);

  bool watches_beats() const { return !limits_.empty(); }
  // With each heartbeat of a worker: what follows from its gauges, if anything. `old_gauges`: of the workers
  // that are kept beside new ones; called only where it is needed.
  template <typename OldGauges>
  std::optional<core::Event> OnBeat(const core::Service& service, const core::Incarnation& who,
                                    const Gauges& gauges, OldGauges old_gauges) {
    const Limits* limits = Find(service);
    if (limits == nullptr) return std::nullopt;
    if (!limits->bounds.empty() && IsOnTrial(service, who)) {
      if (auto words = BrokenBound(*limits, gauges, old_gauges())) return core::WorkerDisproved{who, *words};
    }
    return RequestsReached(*limits, who, gauges);
  }

  // When OnTime() is due; kNever: no service has a bound for memory.
  core::Instant next_deadline() const { return sample_at_; }
  // Looks at the memory of some workers. Appends what follows.
  void OnTime(const core::Supervisor& supervisor, core::Instant now, std::vector<core::Event>* events);

  // Of the newest rollout of the service; empty: there was none yet.
  proto::RolloutView Describe(const core::Service& service, core::Instant now) const;

 private:
  struct Limits {
    config::RecycleConfig recycle;
    std::vector<std::pair<std::string, double>> bounds;
  };
  struct Memory {
    int64_t rss = 0;
    int64_t old_rss = 0;
  };
  struct Sampled {
    core::Incarnation who;
    int32_t pid = 0;
    const Limits* limits = nullptr;
  };
  struct Worn {
    int above = 0;  // samples in a row
    bool seen = true;
    core::Instant asked_at = {};
  };

  const Limits* Find(const core::Service& service) const;
  static bool IsOnTrial(const core::Service& service, const core::Incarnation& who);
  static std::optional<std::string> BrokenBound(const Limits& limits, const Gauges& gauges,
                                                const std::vector<Gauges>& old_gauges);
  std::optional<core::Event> RequestsReached(const Limits& limits, const core::Incarnation& who,
                                             const Gauges& gauges);
  bool MayAsk(core::Generation generation, core::Instant now);
  void BeginRound(const core::Supervisor& supervisor);
  std::optional<core::Event> Sample(const Sampled& one, core::Instant now);

  std::map<std::string, Limits> limits_;  // of services that have any
  std::map<core::Generation, Memory> memory_;
  std::map<core::Generation, Worn> worn_;
  std::vector<Sampled> round_;  // of the samples that are being taken
  size_t next_ = 0;
  core::Instant sample_at_ = core::kNever;
  core::Instant now_;  // of the newest OnTime()
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_ROLLOUTS_ROLLOUT_WATCH_H_
