#ifndef FECTL_CLIENT_TESTING_FAKE_CONTROL_SERVER_H_
#define FECTL_CLIENT_TESTING_FAKE_CONTROL_SERVER_H_

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "proto_spec/base/unique_fd.h"
#include "proto_spec/control_messages.h"

namespace fectl::client {

// One thing that the fake master does with a connection, in answer to a request.
struct FakeStep {
  enum class Kind { kAnswer, kBytes, kClose, kHold, kDie };
  Kind kind = Kind::kAnswer;
  proto::Response response;
  std::string bytes;
  size_t requests = 0;
};

FakeStep Answer(proto::Response response);
FakeStep Answer(proto::Response::Kind kind, std::string text = "");
// Bytes as they are, without a frame around them.
FakeStep Bytes(std::string bytes);
FakeStep Close();
// Goes on with the following steps when this many requests (Hello not counted) have come over all
// connections.
FakeStep HoldUntil(size_t requests);
// Closes everything, the listener first, and removes the socket.
FakeStep Die();

// What to do for each request. It is called on the server's thread, one call after another. No steps: the
// request is never answered.
using FakeScript = std::function<std::vector<FakeStep>(const proto::Request&)>;

// A master for the tests of the client: speaks both levels on a UNIX socket, and does what a script says. It
// runs in a thread of its own until it is destroyed.
class FakeControlServer {
 public:
  enum class Hello {
    kAnswer,
    kClose
  };  // kClose: an old master, which closes on a word that it does not know

  // `version`: the highest that it speaks, as it answers to Hello.
  explicit FakeControlServer(FakeScript script, Hello hello = Hello::kAnswer,
                             int version = proto::kControlVersion);
  ~FakeControlServer();
  FakeControlServer(const FakeControlServer&) = delete;
  FakeControlServer& operator=(const FakeControlServer&) = delete;

  const std::string& path() const { return path_; }

  // So far; Hello is not among them.
  std::vector<proto::Request> requests() const;
  size_t connections() const;
  // The largest number of connections which were open at the same time.
  size_t connections_max() const;

 private:
  struct Connection {
    base::UniqueFd fd;
    proto::FrameReader reader;
    proto::Level level = proto::Level::kBase;
    std::vector<FakeStep> steps;  // not done yet
    bool closed = false;
  };

  void Serve();
  void Accept();
  void Read(Connection& connection);
  void Take(Connection& connection, const proto::Request& request);
  // Runs the steps which may run; called again after each request.
  void RunSteps(Connection& connection);
  void Send(Connection& connection, const std::string& bytes);

  FakeScript script_;
  Hello hello_;
  int version_;
  std::string directory_;
  std::string path_;
  base::UniqueFd listener_;
  base::UniqueFd stop_;
  std::list<Connection> connections_;
  bool dead_ = false;

  mutable std::mutex mutex_;  // guards what follows
  std::vector<proto::Request> requests_;
  size_t accepted_ = 0;
  size_t open_max_ = 0;

  std::thread thread_;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_TESTING_FAKE_CONTROL_SERVER_H_
