// Requests of clients and answers of the master (prose: control_protocol.md). Pure; give the payloads to
// AppendFrame.
#ifndef FECTL_PROTO_SPEC_CONTROL_MESSAGES_H_
#define FECTL_PROTO_SPEC_CONTROL_MESSAGES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto_spec/base_status.h"
#include "proto_spec/control_details.h"
#include "proto_spec/control_status.h"
#include "proto_spec/control_verbs.h"
#include "proto_spec/frame.h"

namespace fectl::proto {

// The highest level of the control protocol that is spoken here: the version that our `Hello` names.
inline constexpr int kControlVersion = 3;

// The level at which to go on with a peer whose `Hello` named this version: the lower one of its and ours.
Level AgreedLevel(int version);

struct Request {
  using Verb = proto::Verb;

  Verb verb = Verb::kPing;
  std::string service{};  // where TakesService(verb)
  int version = 0;        // kHello
  // Level 3, by the verb's Arguments.
  RequestDetail arguments{};

  friend bool operator==(const Request&, const Request&) = default;
};

std::string_view WireWord(Verb verb);

std::string EncodeRequest(const Request& request);

// InvalidArgument, in words that quote the start of the payload, for what is no request; Unimplemented for a
// request whose `cmd` is unknown at this level. The service's name is any string here: whether it exists is
// the master's to say.
absl::StatusOr<Request> DecodeRequest(std::string_view payload, Level level = Level::kThree);

struct Response {
  enum class Kind {
    kPong,
    kDone,
    kPid,             // text
    kVersion,         // text
    kServiceStarted,  // this and all below up to kErrorNotPermitted: at level 2, text may say why in words
    kServiceStopped,
    kServiceFailed,
    kServiceStatus,      // status
    kServiceWorkerPids,  // pids
    kErrorNotReady,
    kErrorUnknownService,
    kErrorServiceStarting,
    kErrorServiceRunning,
    kErrorServiceReloading,
    kErrorServiceStopping,
    kErrorServiceStopped,
    kErrorServiceFailed,
    kErrorNotPermitted,  // level 2, with words too; at the base level it is kErrorNotReady
    // Level 2:
    kHello,     // version, text (the server's name), pid
    kOverview,  // overview
    kInspect,   // inspect
    kError,     // text: the request was not understood or cannot be done
    // Level 3:
    kSent,        // SentCounts
    kSubscribed,  // SubscriptionId; the subscription's records follow
    kMessage,     // MessageRecord
    kGap,         // GapRecord
    kEnded,       // SubscriptionId, text: why; the subscription's last answer
    kPlan,        // PlanView
    kApplied,     // PlanView
    kWhy,         // WhyView
    kRollout,     // RolloutView
  };
  Kind kind = Kind::kPong;
  std::string text{};
  std::vector<std::string> pids{};
  BaseServiceStatus status{};
  int version = 0;
  int64_t pid = 0;
  MasterView overview{};
  ServiceView inspect{};
  // Level 3: an Outcome beside the words of an operation's answer, or what the kind says.
  ResponseDetail detail{};

  friend bool operator==(const Response&, const Response&) = default;
};

// A kError with these words.
Response ErrorInWords(std::string words);

std::string_view WireWord(Response::Kind kind);
// True for the kinds that mean "refused or failed": kServiceFailed and all kError...
bool IsFailure(Response::Kind kind);

// The payload. At the base level it always fits a base frame (a status is shortened as EncodeServiceStatus
// says, a list of pids from its end), the words in `text` of the answers to operations are left out, and
// kErrorNotPermitted becomes the refusal that the base level has. An Outcome is left out below level 3. The
// other kinds must not be sent to a client of a lower level than theirs.
std::string EncodeResponse(const Response& response, Level level);

// A kMessage for any number of subscriptions. Encoding it once for each would cost as much as all else
// together.
class EncodedMessage {
 public:
  explicit EncodedMessage(MessageRecord record);

  // What EncodeResponse() would give at level 3 for the subscription with this number.
  std::string PayloadFor(int id) const { return head_ + std::to_string(id) + tail_; }
  size_t bytes() const { return head_.size() + tail_.size(); }  // about

 private:
  std::string head_;
  std::string tail_;
};

// InvalidArgument when it is no answer, Unimplemented when its `cmd` is unknown.
absl::StatusOr<Response> DecodeResponse(std::string_view payload);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_CONTROL_MESSAGES_H_
