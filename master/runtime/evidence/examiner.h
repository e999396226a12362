#ifndef FECTL_MASTER_RUNTIME_EVIDENCE_EXAMINER_H_
#define FECTL_MASTER_RUNTIME_EVIDENCE_EXAMINER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"
#include "master/platform/children/children.h"
#include "master/platform/children/launcher.h"
#include "master/platform/loop/event_loop.h"
#include "master/runtime/evidence/examination.h"

namespace fectl::runtime {

// Has workers that hang examined, each by a process of its own, `fectld --examine`: nothing that the master
// does waits for a process that hangs, for its files or for its symbols.
class Examiner {
 public:
  // Examinations that run at once: what hangs all at once mostly hangs in the same place.
  static constexpr size_t kAtOnce = 4;
  // Between two of one service.
  static constexpr core::Span kPause = core::Seconds(60);
  // When one is given up: the worker was killed before (core::kExaminationMax), so what is known is known.
  static constexpr core::Span kLimit = core::Milliseconds(2500);

  // Gives what is kept of an incident away, and returns its number.
  using Keep = std::function<uint64_t(const core::Incarnation& who, std::string text)>;
  // `words`: where it hangs, with the number of the incident; empty: it was not examined.
  using Done = std::function<void(const core::Incarnation& who, std::string words)>;

  // `loop` and `children` outlive it. `done` may be called from inside Begin(), else from OnTurn().
  Examiner(platform::EventLoop* loop, platform::Children* children, Keep keep, Done done)
      : loop_(loop), children_(children), keep_(std::move(keep)), done_(std::move(done)) {}

  // `worker`: what the process was made of. `known`: a JSON object, what the master knows of it. Done at once
  // where there were too many examinations already. It starts at the end of the turn: the successor is first.
  void Begin(const core::Incarnation& who, int32_t pid, const platform::LaunchSpec& worker,
             const std::string& known, core::Instant now);

  // Once in each turn of the loop.
  void OnTurn(core::Instant now);
  core::Instant next_deadline() const;
  void ForgetService(core::ServiceId service) { last_.erase(service); }

  size_t running() const { return running_.size(); }

 private:
  bool May(core::ServiceId service, core::Instant now) const;

  platform::EventLoop* loop_;
  platform::Children* children_;
  Keep keep_;
  Done done_;
  std::map<core::ServiceId, core::Instant> last_;  // when the last one of a service began
  std::vector<std::unique_ptr<Examination>> running_;
  std::vector<Examination*> to_start_;
};

}  // namespace fectl::runtime

#endif  // FECTL_MASTER_RUNTIME_EVIDENCE_EXAMINER_H_
