// What level 3 says of rollouts: the verdict of a reload or a restart. Member names on the wire equal the
// field names here. Plain values, and their JSON.
#ifndef FECTL_PROTO_SPEC_ROLLOUT_CONTROL_ROLLOUT_H_
#define FECTL_PROTO_SPEC_ROLLOUT_CONTROL_ROLLOUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proto_spec/json/json_text.h"
#include "proto_spec/json/json_tree.h"

namespace fectl::proto {

// The new worker of one place. Numbers that are not known are 0 and absent.
struct RolledWorkerView {
  int worker = 0;       // from 1
  int64_t pid = 0;      // 0: it is not loaded, and was not lost
  int64_t old_pid = 0;  // 0: nobody served there
  double load_s = 0;    // until it said `loaded`
  int64_t rss = 0;      // bytes, when it was loaded
  int64_t old_rss = 0;  // of the old worker, at that time
  double served_s = 0;  // until it was lost, or until now
  std::string end{};    // why it was lost, in words; empty: it was not

  friend bool operator==(const RolledWorkerView&, const RolledWorkerView&) = default;
};

// The newest reload or restart of a service.
struct RolloutView {
  std::string outcome{};  // under way, done, failed, rolled back, aborted or stopped; empty: there was none
  // Of one that is under way: loading, watched, held, baking or going back.
  std::string stage{};
  double left_s = 0;                        // of the stage; 0: it has no end of its own
  double took_s = 0;                        // until it ended, or until now
  double back_s = 0;                        // how long going back took; 0: it did not
  std::string words{};                      // why it did not succeed
  bool kept = false;                        // old workers were kept until the new ones had proven themselves
  int num = 0;                              // workers that are to be replaced
  int new_workers = 0;                      // of them, those whose new worker was begun
  std::vector<RolledWorkerView> workers{};  // in the order in which they were begun

  friend bool operator==(const RolloutView&, const RolloutView&) = default;
};

void AppendRolloutMembers(const RolloutView& rollout, JsonText* json);
// Absent members keep what they have. False where one has another type.
bool ReadRolloutMembers(const JsonTree::Value& object, RolloutView* rollout);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_ROLLOUT_CONTROL_ROLLOUT_H_
