#ifndef FECTL_CLIENT_PROCESS_CHILD_H_
#define FECTL_CLIENT_PROCESS_CHILD_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fectl::client {

// A program that is to be started.
struct Program {
  std::vector<std::string> arguments;  // the first is the program: a path, or a name to be looked up in PATH
  std::vector<std::string> environment{};  // "NAME=value", in place of those of this process
  std::string directory{};                 // empty: that of this process
  // A session of its own, so that no signal of the terminal reaches it; it gets SIGTERM when this process
  // ends.
  bool is_apart = false;
  int out_fd = -1;  // its standard output; -1: that of this process
  int in_fd = -1;   // its standard input; -1: it reads nothing
};

// A process that this one has started: the one place in the client which starts processes, waits for them and
// signals them. It is for a process of one thread. A child that has not ended when this is destroyed goes on.
class Child {
 public:
  // It runs with default signals, none of them blocked. NotFound and the like, naming the
  // program, where that cannot be executed.
  static absl::StatusOr<Child> Start(const Program& program);

  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;

  pid_t pid() const { return pid_; }

  // Does nothing once the end was taken.
  void Signal(int number) const;
  // The same for all processes of its group; of one that is apart.
  void SignalGroup(int number) const;

  // Once: its status as of wait(2), if it has ended.
  std::optional<int> TakeEnd();
  // The same, after a wait for it.
  int AwaitEnd();

 private:
  explicit Child(pid_t pid) : pid_(pid) {}

  pid_t pid_;  // 0: the end was taken
};

// "ended with exit status 3", "was killed by SIGKILL".
std::string EndText(int wait_status);

// A status as of wait(2) that stands for success.
bool EndedWell(int wait_status);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_PROCESS_CHILD_H_
