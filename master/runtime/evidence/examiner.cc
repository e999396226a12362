#include "master/runtime/evidence/examiner.h"

#include <algorithm>
#include <utility>

namespace fectl::runtime {

bool Examiner::May(core::ServiceId service, core::Instant now) const {
  const auto last = last_.find(service);
  return running_.size() < kAtOnce && (last == last_.end() || last->second + kPause <= now);
}

void Examiner::Begin(const core::Incarnation& who, int32_t pid, const platform::LaunchSpec& worker,
                     const std::string& known, core::Instant now) {
  if (!May(who.service, now)) return done_(who, "");
  last_[who.service] = now;
  Examination::Worker examined{
      .who = who, .pid = pid, .identity = worker.identity, .capabilities = worker.capabilities};
  running_.push_back(std::make_unique<Examination>(std::move(examined), known, now + kLimit, loop_));
  to_start_.push_back(running_.back().get());
}

void Examiner::OnTurn(core::Instant now) {
  for (Examination* one : std::exchange(to_start_, {})) one->Start(children_);
  std::vector<std::unique_ptr<Examination>> ended;
  for (std::unique_ptr<Examination>& one : running_) {
    if (one->IsDone(now)) ended.push_back(std::move(one));
  }
  std::erase(running_, nullptr);
  for (const std::unique_ptr<Examination>& one : ended) {
    Examination::Result result = one->Take();
    const uint64_t id = keep_(one->who(), std::move(result.text));
    done_(one->who(), result.where + " (incident " + std::to_string(id) + ")");
  }
}

core::Instant Examiner::next_deadline() const {
  core::Instant due = core::kNever;
  for (const std::unique_ptr<Examination>& one : running_) due = std::min(due, one->next_deadline());
  return due;
}

}  // namespace fectl::runtime
