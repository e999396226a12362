// The conversation with fectld: what is asked of it, and how old its answers are.
#ifndef FECTL_CLIENT_HTTP_MASTER_LINK_H_
#define FECTL_CLIENT_HTTP_MASTER_LINK_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/session/channel.h"
#include "proto_spec/control_messages.h"

namespace fectl::http {

// However many ask: fectld is asked for all of its workers twice a second at most.
inline constexpr int64_t kFreshMs = 500;
// Services of which a look of its own is remembered: more than can be asked for at a time.
inline constexpr size_t kServicesMax = 128;

class MasterLink {
 public:
  explicit MasterLink(std::string control_path) : path_(std::move(control_path)) {}

  // Each of them sees to it that an answer comes which was asked for at most kFreshMs before `since_ms`, or a
  // failure.
  void WantView(int64_t since_ms, int64_t now_ms) { Want(since_ms, now_ms, &view_); }
  void WantSign(int64_t since_ms, int64_t now_ms) { Want(since_ms, now_ms, &sign_); }
  void WantService(const std::string& name, int64_t since_ms, int64_t now_ms);

  struct State {
    int64_t asked_ms = -1;   // when the newest answer was asked for; -1: there is none
    int64_t failed_ms = -1;  // when the newest failure came
  };
  const State& view_state() const { return view_.state; }
  const State& sign_state() const { return sign_.state; }
  State service_state(const std::string& name) const;
  // The answer to Inspect, with last lines where they may be seen; nullptr: there is no such service.
  const proto::ServiceView* service(const std::string& name) const;
  // The answer to Workers.
  const proto::MasterView& view() const { return answer_; }
  // Counts the answers.
  uint64_t view_number() const { return view_number_; }
  // Of the newest failure, in words.
  const std::string& trouble() const { return trouble_; }
  // Its processes are those of this machine (and not of another pid namespace).
  bool is_here() const { return is_here_; }

  // Poll the descriptor, where there is one (else -1), for these events. OnTime() is due at wake_ms().
  int fd() const { return channel_ == nullptr ? -1 : channel_->fd(); }
  short poll_events() const { return channel_ == nullptr ? short{0} : channel_->poll_events(); }
  int64_t wake_ms() const { return channel_ == nullptr || !asked_ ? client::kNever : channel_->wake_ms(); }
  void OnReady(short revents, int64_t now_ms);
  void OnTime(int64_t now_ms);

 private:
  enum class Asked { kHello, kView, kSign, kService };
  struct Wanted {
    State state;
    bool wanted = false;
  };
  struct Looked {
    Wanted wanted;
    std::optional<proto::ServiceView> view;
  };

  void Want(int64_t since_ms, int64_t now_ms, Wanted* what);
  void AskNext(int64_t now_ms);
  // What is wanted and comes next; false: nothing is.
  bool Choose(Asked* what, std::string* service) const;
  absl::Status Ask(Asked what, std::string service, int64_t now_ms);
  absl::Status Connect(int64_t now_ms);
  absl::Status Take(proto::Response answer, int64_t now_ms);
  absl::Status TakeService(proto::Response answer);
  absl::Status TakeHello(const proto::Response& answer);
  void Fail(const absl::Status& why, int64_t now_ms);

  std::string path_;
  std::unique_ptr<client::Channel> channel_;
  bool greeted_ = false;        // on this channel
  std::optional<Asked> asked_;  // on this channel, and not answered
  std::string asked_service_;   // kService: of it
  int64_t asked_at_ms_ = 0;
  Wanted view_;
  Wanted sign_;
  std::map<std::string, Looked> services_;
  proto::MasterView answer_;
  uint64_t view_number_ = 0;
  std::string trouble_;
  bool is_here_ = false;
};

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_MASTER_LINK_H_
