#ifndef FECTL_CLIENT_SESSION_DIALOGUE_H_
#define FECTL_CLIENT_SESSION_DIALOGUE_H_

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/frame.h"

namespace fectl::client {

// One conversation with the master, as bytes: requests go in, bytes come out; bytes go in, answers come out,
// in the order of their requests, and the records of subscriptions between them. Pongs that nobody asked for
// are counted and dropped. Touches no descriptor.
class Dialogue {
 public:
  Dialogue();

  // Asks for level 2; its answer is for TakeAnswer(), unless `quietly`, which is for masters that are known
  // to speak level 2: then anything but a Hello is an error of Receive().
  void AskHello(bool quietly);

  // InvalidArgument when the request is too large for a frame (a service's name of thousands of letters).
  absl::Status Ask(const proto::Request& request);

  // Bytes to be sent, and how many of them were.
  std::string_view unsent() const { return unsent_; }
  void Sent(size_t bytes) { unsent_.erase(0, bytes); }

  // Bytes which have come. An error (DataLoss) means that the other side cannot be understood any more.
  absl::Status Receive(std::string_view bytes);

  std::optional<proto::Response> TakeAnswer();

  // Requests which wait for their answer.
  size_t unanswered() const { return asked_.size(); }

 private:
  enum class Asked { kPing, kQuietHello, kOther };

  absl::Status TakeFrame(std::string_view payload);

  proto::Level level_ = proto::Level::kBase;
  proto::FrameReader reader_;
  std::string unsent_;
  std::deque<Asked> asked_;
  std::deque<proto::Response> answers_;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SESSION_DIALOGUE_H_
