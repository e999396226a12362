#ifndef FECTL_CLIENT_SESSION_CHANNEL_H_
#define FECTL_CLIENT_SESSION_CHANNEL_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/session/connect.h"
#include "client/session/dialogue.h"
#include "client/text/progress.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::client {

// A connection, the conversation on it, and its patience.
class Channel {
 public:
  Channel(base::UniqueFd fd, const Limits& limits);
  Channel(Channel&&) = default;
  Channel& operator=(Channel&&) = default;

  Dialogue& dialogue() { return dialogue_; }
  std::optional<proto::Response> TakeAnswer() { return dialogue_.TakeAnswer(); }

  // Ok while it lives. Then: Aborted when the master closed it, DeadlineExceeded, DataLoss. Answers which
  // came before the end can still be taken.
  const absl::Status& end() const { return end_; }

  int fd() const { return fd_.get(); }
  short poll_events() const;
  // When its patience ends, on the monotonic clock.
  int64_t wake_ms() const;
  void OnReady(short revents, int64_t now_ms);
  // Call it after OnReady: what has already come is read before its absence counts.
  void OnTime(int64_t now_ms);
  // Patience begins anew: with the first request, or with one that follows after a pause.
  void Heard(int64_t now_ms) { heard_ms_ = now_ms; }

 private:
  void Send();
  void Read(int64_t now_ms);

  base::UniqueFd fd_;
  Limits limits_;
  Dialogue dialogue_;
  absl::Status end_;
  int64_t heard_ms_;
};

// Waits until one of the channels can move bytes, its patience ends, or `wake_ms` comes; moves the bytes. The
// channels must be open.
void PollOnce(std::span<Channel* const> channels, int64_t wake_ms);

// Waits for the next answer on one channel, or for its end. `progress` may be null; `what` is its text.
absl::StatusOr<proto::Response> AwaitAnswer(Channel& channel, Progress* progress, std::string_view what);

// Waits until the channel has ended; gives the reason.
absl::Status AwaitEnd(Channel& channel, Progress* progress, std::string_view what);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SESSION_CHANNEL_H_
