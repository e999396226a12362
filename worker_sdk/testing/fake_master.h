// The master's side of a worker's channel, for tests of workers without fectld. In one process:
//
//   FakeMaster master;
//   const int port = master.AddTcpSocket("http");
//   auto worker = Worker::FromVariables(master.HandOver(), callbacks, {});
//   master.Attach(worker->get());
//   (*worker)->Loaded();
//   ASSERT_TRUE(master.WaitFor("loaded"));
//   master.Send("start");
//   ASSERT_TRUE(master.WaitUntil([&] { return served; }));
//
// or with a program: Spawn({path, arguments...}) instead of HandOver() and Attach(), and WaitExit() at the
// end.
//
// It says only what it is told to say and enforces nothing: a test decides what the master does. Not
// thread-safe.
#ifndef FECTL_WORKER_SDK_TESTING_FAKE_MASTER_H_
#define FECTL_WORKER_SDK_TESTING_FAKE_MASTER_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"
#include "worker_sdk/socket.h"
#include "worker_sdk/worker.h"

namespace fectl {

class FakeMaster {
 public:
  struct Options {
    // 1: an old master, which says nothing of level 2 and accepts nothing of it; 2: so of level 3; 4: a
    // later one.
    int level = 3;
    std::string service = "test";
    int index = 0;
    int64_t timeout_ms = 10'000;
    int64_t shutdown_timeout_ms = 30'000;
    // What every Wait function gives up after. A bound for broken tests, not a measure of speed.
    int64_t patience_ms = 20'000;
  };
  struct Message {
    std::string cmd;   // "loaded", "hb", ...
    std::string data;  // raw JSON; empty when there is none
  };

  FakeMaster() : FakeMaster(Options()) {}
  explicit FakeMaster(Options options);
  // Kills (SIGKILL) and reaps the program if it still runs.
  ~FakeMaster();
  FakeMaster(const FakeMaster&) = delete;
  FakeMaster& operator=(const FakeMaster&) = delete;

  // Listens on a free port of 127.0.0.1 and gives the port. Before HandOver() or Spawn(). The listener stays
  // open here, as in the real master: connections queue in it while no worker accepts.
  int AddTcpSocket(std::string name, std::string app = "", std::vector<std::string> arguments = {});
  // The same listener as another fake master's: the old worker and its successor share it.
  void AddSocket(const Socket& socket);
  const std::vector<Socket>& sockets() const { return sockets_; }

  // The variables for Worker::FromVariables(), which takes the worker's pipe ends over. Once. The sockets in
  // it are duplicates which belong to the application.
  Worker::Variables HandOver();
  // The Wait functions call Dispatch() of this worker while they wait. nullptr: no longer.
  void Attach(Worker* worker) { worker_ = worker; }

  // Starts a program as fectld does: its own session, stdin from /dev/null, the pipes at 3 and 4, sockets
  // from 5 on, nothing else open, PATH and `extra_environment` ("NAME=value") besides the contract's
  // variables. Once.
  absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& command,
                              const std::vector<std::string>& extra_environment = {});
  pid_t pid() const { return pid_; }
  void Signal(int signal_number);
  // The status of waitpid(2), or nullopt if the program did not end in time.
  std::optional<int> WaitExit();

  // "start", "pause", "resume", "stop", "hb" or any other word, with raw JSON as data.
  void Send(std::string_view cmd, std::string_view data = {});
  // For torn, glued and wrong frames.
  void SendBytes(std::string_view bytes);
  // As if the master had died: both pipe ends are closed.
  void Die();
  // Reads nothing any more, so that the worker's pipe fills up; or goes on to read.
  void SetDeaf(bool deaf) { deaf_ = deaf; }

  // Reads, until a message with this word is there; takes that one and leaves the others. False: it did not
  // come.
  bool WaitFor(std::string_view cmd, Message* message = nullptr);
  // True as soon as `condition` is, which is asked after everything that happens.
  bool WaitUntil(const std::function<bool()>& condition);
  // Everything received and not yet taken, oldest first.
  std::vector<Message> TakeMessages();
  const std::vector<Message>& messages() const { return messages_; }
  // Why the real master would give this worker up: it said what it must not say (at this level). Empty:
  // nothing.
  const std::string& complaint() const { return complaint_; }
  // The worker has closed its end (or exited).
  bool hung_up() const { return hung_up_; }

 private:
  void ReadWhatIsThere();
  void Take(std::string_view payload);
  Worker::Variables Describe(int read_fd, int write_fd, const std::vector<int>& sockets) const;

  const Options options_;
  base::UniqueFd to_worker_, from_worker_;     // ours
  base::UniqueFd worker_read_, worker_write_;  // the worker's, until handed over
  std::vector<Socket> sockets_;
  std::vector<base::UniqueFd> listeners_;  // of sockets_, in the same order
  Worker* worker_ = nullptr;
  pid_t pid_ = -1;
  bool deaf_ = false;
  bool hung_up_ = false;
  std::string unread_;  // bytes of an incomplete frame
  std::vector<Message> messages_;
  std::string complaint_;
};

}  // namespace fectl

#endif  // FECTL_WORKER_SDK_TESTING_FAKE_MASTER_H_
