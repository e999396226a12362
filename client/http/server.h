// All clients, in one thread that waits for nobody.
#ifndef FECTL_CLIENT_HTTP_SERVER_H_
#define FECTL_CLIENT_HTTP_SERVER_H_

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/http/answers.h"
#include "client/http/command_line.h"
#include "client/http/connection.h"
#include "client/http/event_pump.h"
#include "client/http/listener.h"
#include "client/http/master_link.h"

namespace fectl::http {

// Prometheus, some probes and some browsers: a tenth of it. A browser has six connections to one server.
inline constexpr size_t kConnectionsMax = 64;
// Of them, those that follow events: each is also a thread of the logger, which has 64.
inline constexpr size_t kStreamsMax = 16;

class Server {
 public:
  Server(const CommandLine& line, std::string control_path);

  void AddListener(Listener listener) { listeners_.push_back(std::move(listener)); }
  const std::vector<Listener>& listeners() const { return listeners_; }

  // Whether new clients are taken. At first they are not.
  void SetAccepting(bool accepting) { accepting_ = accepting && !stopping_; }
  // No new clients; what was asked, and what is on its way, is answered, until that time.
  void Stop(int64_t deadline_ms, int64_t now_ms);
  bool stopped() const { return stopping_ && clients_.empty(); }
  size_t connections() const { return clients_.size(); }

  MasterLink& link() { return link_; }

  // The loop's side. Add() appends what is to be polled, and the time when a turn is due anyway (-1: none is)
  // is of wake_ms(). Turn() takes what poll(2) found, in the same order. `now`: unix seconds.
  void Add(std::vector<pollfd>* polled) const;
  int64_t wake_ms(int64_t now_ms) const;
  void Turn(const pollfd* polled, int64_t now_ms, int64_t now);

 private:
  struct Client {
    explicit Client(Connection taken) : connection(std::move(taken)) {}
    Connection connection;
    std::string target;               // of the request that is being answered
    std::optional<int64_t> since_ms;  // when it came; nullopt: none is
    std::unique_ptr<EventPump> events;
  };

  bool takes_clients() const;
  void Accept(const Listener& listener, int64_t now_ms, int64_t now);
  bool MakeRoom();
  void Serve(Client* client, int64_t now_ms, int64_t now);
  void TakeUp(Client* client, const Request& request, int64_t now_ms, int64_t now);
  void BeginEvents(Client* client, const Request& request, int64_t now_ms, int64_t now);
  void Pump(Client* client, int64_t now_ms, int64_t now);
  size_t streams() const;

  std::string control_path_;
  std::vector<std::string> hosts_;
  MasterLink link_;
  Answers answers_;
  std::vector<Listener> listeners_;
  std::list<Client> clients_;
  bool accepting_ = false;
  bool stopping_ = false;
  int64_t stop_ms_ = 0;
};

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_SERVER_H_
