#include "client/serve/application.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

// With which fectl_worker.inspection ends when it has said what is wrong, and when Ctrl-C has ended it.
constexpr int kRefused = 3;
constexpr int kInterrupted = 130;
// More than an answer has; what does not end is none.
constexpr size_t kAnswerMax = 65'536;

// Not to the end of the file: a process that the application has started may hold the pipe open.
std::string ReadLine(int fd) {
  std::string text;
  char buffer[4096];
  while (text.size() <= kAnswerMax && !text.ends_with('\n')) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer, static_cast<size_t>(got));
  }
  return text;
}

}  // namespace

std::optional<Application> ParseApplication(std::string_view answer) {
  if (!answer.ends_with('\n')) return std::nullopt;
  answer.remove_suffix(1);
  const size_t blank = answer.find(' ');
  if (blank == std::string_view::npos || answer.find('\n') != std::string_view::npos) return std::nullopt;
  Application application = {std::string(answer.substr(0, blank)), std::string(answer.substr(blank + 1))};
  const std::string& kind = application.kind;
  if (kind != "asgi" && kind != "wsgi" && kind != "aiohttp") return std::nullopt;
  if (!application.argument.starts_with("app=") && !application.argument.starts_with("factory="))
    return std::nullopt;
  return application;
}

absl::StatusOr<Application> Inspect(Program program, const std::string& name, const std::string& kind) {
  const std::string python = base::EscapeForTerminal(program.arguments[0]);
  program.arguments.insert(program.arguments.end(), {"-m", "fectl_worker", "inspect"});
  if (!kind.empty()) program.arguments.push_back("--kind=" + kind);
  // No dashes before it: what follows them is for other kinds of fectl_worker. Its own first letter is none.
  program.arguments.push_back(name);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  program.out_fd = write_end.get();
  absl::StatusOr<Child> child = Child::Start(program);
  if (!child.ok()) return child.status();
  write_end.reset();
  const std::string answer = ReadLine(read_end.get());
  read_end.reset();  // a program that writes more than an answer must not wait
  const int status = child->AwaitEnd();
  if (WIFEXITED(status) && (WEXITSTATUS(status) == kRefused || WEXITSTATUS(status) == kInterrupted))
    return absl::UnknownError("");
  std::optional<Application> application = ParseApplication(answer);
  if (EndedWell(status) && application.has_value()) return *std::move(application);
  const std::string text =
      python + " cannot run fectl_worker (it " + EndText(status) +
      "): put the folder of that package on PYTHONPATH, or name another Python with --python";
  return absl::FailedPreconditionError(absl::string_view(text.data(), text.size()));
}

}  // namespace fectl::client
