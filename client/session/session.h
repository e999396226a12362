#ifndef FECTL_CLIENT_SESSION_SESSION_H_
#define FECTL_CLIENT_SESSION_SESSION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/session/channel.h"
#include "client/session/connect.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/frame.h"

namespace fectl::client {

// What a command needs of a master: connections, and the level that it speaks.
class Session {
 public:
  // kAsk says Hello first. A master that does not know it closes the connection: then the session connects
  // again and stays at the base level. kBase is for the commands which are the same at both levels.
  enum class Hello { kAsk, kBase };
  static absl::StatusOr<Session> Open(const std::string& path, const Limits& limits, Hello hello);

  proto::Level level() const { return level_; }
  // Of the Hello; 0 at the base level.
  int64_t master_pid() const { return master_pid_; }
  const Limits& limits() const { return limits_; }

  // The connection made by Open.
  Channel& channel() { return *channel_; }
  std::unique_ptr<Channel> TakeChannel() { return std::move(channel_); }
  // Another one at the same level.
  absl::StatusOr<std::unique_ptr<Channel>> NewChannel() const;

  // Asks on channel() and waits.
  absl::StatusOr<proto::Response> Ask(const proto::Request& request, Progress* progress = nullptr,
                                      std::string_view what = "");

  // Makes sure of level 2 before somebody says that a master is too old for it: a connection that ended
  // without an answer to Hello may be one that fectld had no room for. FailedPrecondition, with `words`, when
  // it answers, but only at the base level.
  absl::Status NeedLevelTwo(std::string_view words);
  // The same for level 3.
  absl::Status NeedLevelThree(std::string_view words);

  // All services, and their names alone. FailedPrecondition when the master only speaks the base level, which
  // has no word for this.
  absl::StatusOr<proto::MasterView> Overview();
  absl::StatusOr<std::vector<std::string>> ServiceNames();

 private:
  Session(std::string path, const Limits& limits) : path_(std::move(path)), limits_(limits) {}
  absl::Status Connect();
  absl::Status TryHello();
  absl::Status AskHello();

  std::string path_;
  Limits limits_;
  proto::Level level_ = proto::Level::kBase;
  int64_t master_pid_ = 0;
  std::unique_ptr<Channel> channel_;
};

// What an ErrorNotPermitted says, for the one who asked, as a PermissionDenied: "not permitted: user bob may
// observe but not operate (ask for a role in [master] allow)".
absl::Status NotPermitted(const proto::Response& answer);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SESSION_SESSION_H_
