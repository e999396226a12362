#include "client/process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/base/signal_name.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

absl::Status ErrorOf(const std::string& what, int error) {
  const std::string text = what + ": " + strerror(error);
  return absl::ErrnoToStatus(error, absl::string_view(text.data(), text.size())).code() ==
                 absl::StatusCode::kNotFound
             ? absl::NotFoundError(absl::string_view(text.data(), text.size()))
             : absl::InternalError(absl::string_view(text.data(), text.size()));
}

std::string_view NameOf(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

// Pointers into `words`, as exec takes them.
std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentWith(std::vector<std::string> changes) {
  std::vector<std::string> all = std::move(changes);
  const size_t changed = all.size();
  for (char** variable = environ; *variable != nullptr; ++variable) {
    bool is_replaced = false;
    for (size_t i = 0; i < changed; ++i) is_replaced = is_replaced || NameOf(all[i]) == NameOf(*variable);
    if (!is_replaced) all.emplace_back(*variable);
  }
  return all;
}

// In the new process: what stands between it and its program. The errno of what failed.
int Become(const Program& program, pid_t parent, char** arguments, char** environment) {
  for (const int number : {SIGPIPE, SIGCHLD}) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (program.is_apart) {
    setsid();
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return errno;
    if (getppid() != parent) return ESRCH;  // it has ended before the line above
  }
  if (!program.directory.empty() && chdir(program.directory.c_str()) != 0) return errno;
  if (program.out_fd >= 0 && dup2(program.out_fd, STDOUT_FILENO) < 0) return errno;
  const int input = program.in_fd >= 0 ? program.in_fd : open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (input < 0 || dup2(input, STDIN_FILENO) < 0) return errno;
  execvpe(arguments[0], arguments, environment);
  return errno;
}

}  // namespace

absl::StatusOr<Child> Child::Start(const Program& program) {
  std::vector<std::string> words = program.arguments;
  std::vector<std::string> variables = EnvironmentWith(program.environment);
  const std::vector<char*> arguments = Pointers(words);
  const std::vector<char*> environment = Pointers(variables);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return ErrorOf("cannot make a pipe", errno);
  const base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  // While SIGCHLD is ignored, which is inherited, waitpid() cannot report how a child ended.
  signal(SIGCHLD, SIG_DFL);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return ErrorOf("cannot start a process", errno);
  if (pid == 0) {
    const int error =
        Become(program, parent, const_cast<char**>(arguments.data()), const_cast<char**>(environment.data()));
    // It is as small as a pipe takes at once, and a failure of the write cannot be reported.
    if (write(write_end.get(), &error, sizeof error) < 0) _exit(126);
    _exit(127);
  }
  write_end.reset();
  Child child(pid);
  int error = 0;
  ssize_t got;
  do {
    got = read(read_end.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return child;  // the pipe was closed by exec
  child.AwaitEnd();
  std::string what = "cannot run " + base::EscapeForTerminal(program.arguments[0]);
  if (!program.directory.empty()) what += " in " + base::EscapeForTerminal(program.directory);
  return ErrorOf(what, error);
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}

Child& Child::operator=(Child&& other) noexcept {
  pid_ = std::exchange(other.pid_, 0);
  return *this;
}

void Child::Signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

void Child::SignalGroup(int number) const {
  if (pid_ > 0) kill(-pid_, number);
}

std::optional<int> Child::TakeEnd() {
  int status = 0;
  if (pid_ <= 0 || waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  pid_ = 0;
  return status;
}

int Child::AwaitEnd() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  return status;
}

std::string EndText(int wait_status) {
  if (WIFSIGNALED(wait_status)) return "was killed by " + base::SignalName(WTERMSIG(wait_status));
  return "ended with exit status " + std::to_string(WEXITSTATUS(wait_status));
}

bool EndedWell(int wait_status) {
  return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
}

}  // namespace fectl::client
