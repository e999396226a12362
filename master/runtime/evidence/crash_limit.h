#ifndef FECTL_MASTER_RUNTIME_EVIDENCE_CRASH_LIMIT_H_
#define FECTL_MASTER_RUNTIME_EVIDENCE_CRASH_LIMIT_H_

#include <map>
#include <string>

#include "master/core/basis/ids.h"
#include "master/core/basis/time.h"

namespace fectl::runtime {

// Which crashes become incidents: of a service one in a minute, as of those that hang, and the same one (the
// signal or exit code, and the place) once in an hour, so that a crash loop leaves the others room. Pure.
class CrashLimit {
 public:
  static constexpr core::Span kPause = core::Seconds(60);
  static constexpr core::Span kPauseOfSame = core::Seconds(3600);

  // Whether one is looked at now: then it is to be told by Keep() what it was.
  bool May(core::ServiceId service, core::Instant now) {
    Last& last = last_[service];
    if (last.looking || (last.kept && now < last.at + kPause)) return false;
    last.looking = true;
    return true;
  }
  // Whether it is kept; `words` tell it from others, and are empty where it was no crash.
  bool Keep(core::ServiceId service, const std::string& words, core::Instant now) {
    const auto found = last_.find(service);
    if (found == last_.end()) return false;  // it was forgotten meanwhile
    Last& last = found->second;
    last.looking = false;
    if (words.empty() || (last.kept && words == last.words && now < last.at + kPauseOfSame)) return false;
    last = {.at = now, .words = words, .kept = true};
    return true;
  }
  void ForgetService(core::ServiceId service) { last_.erase(service); }

 private:
  struct Last {
    core::Instant at;  // when it was kept
    std::string words{};
    bool kept = false;
    bool looking = false;
  };
  std::map<core::ServiceId, Last> last_;
};

}  // namespace fectl::runtime

#endif  // FECTL_MASTER_RUNTIME_EVIDENCE_CRASH_LIMIT_H_
