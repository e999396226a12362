// What level 3 of the control protocol adds to requests and answers. Member names on the wire equal the field
// names here. Plain values, and their JSON texts.
#ifndef FECTL_PROTO_SPEC_CONTROL_DETAILS_H_
#define FECTL_PROTO_SPEC_CONTROL_DETAILS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "proto_spec/control_plan.h"
#include "proto_spec/rollout/control_rollout.h"

namespace fectl::proto {

// A reload or restart whose answer waits until the old workers have ended, but no longer than this.
inline constexpr double kLeaveWaitMaxS = 60;
struct LeaveWait {
  double seconds = 0;
  int worker = 0;  // to be replaced alone, from 1; 0: all of them
  friend bool operator==(const LeaveWait&, const LeaveWait&) = default;
};

struct MessageToSend {
  int worker = 0;      // from 1; 0: all of them
  std::string json{};  // JSON text
  friend bool operator==(const MessageToSend&, const MessageToSend&) = default;
};

// A client's number, from 1, for one of its subscriptions.
struct SubscriptionId {
  int id = 0;
  friend bool operator==(const SubscriptionId&, const SubscriptionId&) = default;
};

// What Plan and Apply are about. `id`: only if that is what it comes to; empty: whatever it is.
struct PlanRequest {
  std::string id{};
  std::string file{};     // an absolute path; empty: the file that fectld was started with
  bool revert = false;    // not a file but what ran before the last Apply
  bool wait = false;      // answer when all of it is done, or failed
  std::string service{};  // revert: only what belongs to this service; empty: all of it
  friend bool operator==(const PlanRequest&, const PlanRequest&) = default;
};

// As many workers as a service may have.
inline constexpr int kScaleMax = 10'000;
// How many workers are wanted; exactly one of these is set.
struct ScaleRequest {
  int to = 0;          // 1 or more
  int by = 0;          // more, or where it is negative fewer
  bool reset = false;  // as many as the file says
  friend bool operator==(const ScaleRequest&, const ScaleRequest&) = default;
};

// One worker of a service, from 1; 0: the service as a whole.
struct WorkerNumber {
  int worker = 0;
  friend bool operator==(const WorkerNumber&, const WorkerNumber&) = default;
};

// What is to become of the rollout that is under way.
struct RolloutOrder {
  std::string order{};  // promote, pause or abort
  friend bool operator==(const RolloutOrder&, const RolloutOrder&) = default;
};

// Why a service, or one worker of it, is as it is: an answer in sentences, each "" where it has nothing to
// say.
struct WhyView {
  std::string service{};
  int worker = 0;         // from 1; 0: the service as a whole
  std::string state{};    // as in a ServiceView, or in a WorkerView
  int64_t since_at = 0;   // unix seconds; 0: it was so when fectld started, or it is not known any more
  double since_s = 0;     // for how long
  std::string what{};     // the state
  std::string because{};  // what led there
  std::string next{};     // what happens next, and when
  std::string change{};   // which command or key changes it
  friend bool operator==(const WhyView&, const WhyView&) = default;
};

// Level 3: what an operation has led to, in the answer to it.
struct Outcome {
  std::string state{};    // of the service; never empty
  std::string cause{};    // of that state, in words
  int num = 0;            // workers that are configured
  int ready = 0;          // of them, those that serve
  int replaced = 0;       // workers that have a successor now
  int still_leaving = 0;  // as in a ServiceView, like the next two
  int undrained = 0;
  int undrained_sigterm = 0;
  // Of a oneshot that has ended: its exit code, or 128 and the number of the signal that ended it. Absent:
  // -1.
  int exit_code = -1;
  // Of a failure, where a process has written something: its last lines, and which worker it was, from 1.
  std::string lines{};
  int lines_of = 0;
  double took_s = 0;      // from the request until it was done; what was waited for after that is not in it
  RolloutView rollout{};  // of a reload or a restart

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct SentCounts {
  int taken = 0;    // workers that have got the message, or will as soon as they read
  int refused = 0;  // that run and could not take it
  friend bool operator==(const SentCounts&, const SentCounts&) = default;
};

// The records of a subscription.
struct MessageRecord {
  int id = 0;  // of the subscription
  std::string service{};
  int worker = 1;  // from 1
  int64_t pid = 0;
  std::string json{};  // JSON text, as the worker sent it

  friend bool operator==(const MessageRecord&, const MessageRecord&) = default;
};
// Records that were dropped at this place, because the client did not read.
struct GapRecord {
  int id = 0;
  int64_t lost = 0;
  friend bool operator==(const GapRecord&, const GapRecord&) = default;
};

using RequestDetail = std::variant<std::monostate, LeaveWait, MessageToSend, SubscriptionId, PlanRequest,
                                   ScaleRequest, WorkerNumber, RolloutOrder>;
using ResponseDetail = std::variant<std::monostate, Outcome, SentCounts, SubscriptionId, MessageRecord,
                                    GapRecord, PlanView, WhyView, RolloutView>;

// The data of a request: an object with `service`, where it is not empty, and the members of `detail`.
std::string EncodeRequestDetail(std::string_view service, const RequestDetail& detail);

// `data` must come from DecodeEnvelope. `detail` holds the kind that is wanted and gets its value; false when
// a member is missing or has another type.
bool ReadRequestDetail(std::string_view data, std::string* service, RequestDetail* detail);

// The data of an answer; words go into the member `reason` where they are not empty.
std::string EncodeResponseDetail(std::string_view words, const ResponseDetail& detail);

// As ReadRequestDetail. An Outcome may be missing as a whole: then `detail` becomes empty.
bool ReadResponseDetail(std::string_view data, std::string* words, ResponseDetail* detail);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_CONTROL_DETAILS_H_
