#ifndef MASTER_RUNTIME_CONTROL_CONTROL_SERVER_H_
#define MASTER_RUNTIME_CONTROL_CONTROL_SERVER_H_

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "master/core/basis/time.h"
#include "master/platform/files/file_watch.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/sockets/control_socket.h"
#include "master/runtime/control/access.h"
#include "master/runtime/control/control_client.h"
#include "master/runtime/control/subscriptions.h"
#include "master/runtime/limits.h"
#include "master/runtime/own_log/log_limit.h"
#include "proto_spec/control_messages.h"

namespace fectl::runtime {

// What knows the answers.
class ControlRequests {
 public:
  virtual ~ControlRequests() = default;
  // `who` may ask this. The answer, now or later, goes to ControlServer::Answer(client, ...).
  virtual void OnControlRequest(ClientId client, const Peer& who, const proto::Request& request) = 0;
};

// The control socket and all clients that are connected to it.
class ControlServer final : private platform::FdWatcher, private ControlClientOwner {
 public:
  // All of them outlive it.
  ControlServer(platform::ControlSocket* socket, Access access, platform::EventLoop* loop,
                ControlRequests* requests)
      : socket_(socket), access_(std::move(access)), loop_(loop), requests_(requests) {}
  ~ControlServer() override;
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  absl::Status Watch();

  // Nothing happens when the client has gone. After a Hello the client is spoken to at the level that was
  // agreed.
  void Answer(ClientId client, const proto::Response& response);
  // kBase for one that has gone.
  proto::Level LevelOf(ClientId client) const;

  // Answers a Listen: with Subscribed, or with an Error where there is no room for it.
  void Subscribe(ClientId client, int id, const std::string& service);
  bool has_subscriptions() const { return !subscriptions_.all().empty(); }
  // A record for all subscriptions to the service; each gets it with its own number.
  void Publish(const std::string& service, proto::MessageRecord record);
  void EndSubscriptions(const std::string& words);

  // Once in each turn of the loop, with its time; frees what has closed.
  void OnTurn(core::Instant now);
  // The master leaves soon, so what takes the kernel a while to give up is given up now. All requests are
  // still answered; that the socket's file is gone is only seen in turns that there are anyway.
  void PrepareToLeave();
  // When OnTurn() has to be called at the latest; kNever: no need.
  core::Instant next_deadline() const;

  size_t clients() const { return clients_.size(); }
  size_t held_bytes() const { return held_; }

 private:
  void OnReady(uint32_t events) override;
  void OnRequest(ControlClient& client, const proto::Request& request) override;
  void OnHeld(const ControlClient& client, size_t before, size_t now) override;
  void OnClosed(ControlClient& client) override;
  void AcceptSome();
  void StopAccepting();
  void Admit(platform::ControlPeer peer);
  bool HasPlaceFor(uid_t user) const;
  void SendAway(const platform::ControlPeer& peer, proto::Response::Kind why, const std::string& words);
  void Refuse(ControlClient& client, const proto::Request& request);
  void Unsubscribe(ControlClient& client, int id);
  void ShedBytes();
  void FreeClosed();
  void OnSecond(core::Instant now);
  void WatchFile();
  void KeepReachable();
  static size_t ClientsMax();

  // What one user has of what all share.
  struct Share {
    size_t clients = 0;
    size_t bytes = 0;
  };

  platform::ControlSocket* socket_;
  Access access_;
  platform::EventLoop* loop_;
  ControlRequests* requests_;
  std::unordered_map<ClientId, std::unique_ptr<ControlClient>> clients_;
  std::unordered_map<uid_t, Share> shares_;
  Subscriptions subscriptions_;
  size_t held_ = 0;
  std::vector<ClientId> closed_;  // to be freed in OnTurn
  LogLimit sent_away_log_{kRefusalLogInterval};
  LogLimit refused_log_{kRefusalLogInterval};
  LogLimit shed_log_{kRefusalLogInterval};
  LogLimit shortage_log_{kRefusalLogInterval};
  ClientId last_id_ = 0;
  core::Instant second_at_ = core::kNever;
  core::Instant accept_at_ = core::kNever;  // the listener is not watched until then
  core::Instant now_;                       // of the newest OnTurn
  std::unique_ptr<platform::FileWatch> file_watch_;
  core::Instant file_checked_at_;
  bool file_suspected_ = false;  // to be looked at as soon as may be
  bool file_missing_ = false;    // and cannot be made anew for now
  bool file_watched_ = false;    // what happens to it is told; otherwise it is looked at by the clock
  bool accepting_ = false;
  bool leaving_ = false;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_CONTROL_CONTROL_SERVER_H_
