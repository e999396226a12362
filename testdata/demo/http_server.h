// A small HTTP/1.1 server: one thread, one epoll, shared listeners.
#ifndef FECTL_TESTDATA_DEMO_HTTP_SERVER_H_
#define FECTL_TESTDATA_DEMO_HTTP_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "testdata/demo/http_connection.h"

namespace demo {

class Server {
 public:
  static constexpr size_t kConnectionsMax = 10'000;
  // How long an idle connection is kept after Stop(), for the request that may be on its way: far longer than
  // any way.
  static constexpr int64_t kIdleAfterStopMs = 1'000;

  explicit Server(Answer answer);
  Server(const Server&) = delete;

  // Takes over a listening, non-blocking socket. Nothing is accepted before Resume().
  void AddListener(int fd);
  // Turn() returns when this descriptor is readable, too.
  void AlsoWatch(int fd);

  // Accept from now on.
  void Resume() { accepting_ = true; }
  // Accept nothing more. Open connections are served, and new ones wait in the listener.
  void Pause() { accepting_ = false; }
  // Closes the listeners and finishes what is open. What cannot be finished in time is dropped.
  void Stop(int64_t time_left_ms);
  bool finished() const { return stop_at_ms_.has_value() && connections_.empty(); }

  // Waits for at most `timeout_ms` (-1: for ever) and does what there is to do.
  void Turn(int timeout_ms);

  size_t open() const { return connections_.size(); }
  int64_t answered() const { return answered_; }

 private:
  struct Entry {
    Connection connection;
    uint32_t interest = 0;
    int64_t deadline_ms = 0;
    int64_t counted = 0;  // of its answers
  };
  using Entries = std::unordered_map<uint64_t, std::unique_ptr<Entry>>;

  void UpdateListening();
  void Accept(int listener);
  // Makes epoll and the timers agree with what the connection waits for; removes it when it is over.
  void Settle(Entries::iterator entry);
  void RunTimers();

  const Answer answer_;
  Fd epoll_;
  std::vector<Fd> listeners_;
  Entries connections_;                            // by number; a number is never used twice
  std::set<std::pair<int64_t, uint64_t>> timers_;  // deadline and number of each connection
  uint64_t next_number_ = 0;
  int64_t now_ms_ = 0;  // read once in a turn
  int64_t answered_ = 0;
  bool accepting_ = false;
  bool listening_ = false;  // the listeners are in epoll
  int64_t accept_again_ms_ = 0;
  std::optional<int64_t> stop_at_ms_;
};

}  // namespace demo

#endif  // FECTL_TESTDATA_DEMO_HTTP_SERVER_H_
