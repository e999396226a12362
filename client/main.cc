#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "client/run.h"
#include "client/text/output.h"

namespace {

std::string Variable(const char* name) {
  const char* value = secure_getenv(name);
  return value == nullptr ? "" : value;
}

// With links resolved, so that what was installed beside it is found.
std::string OwnPath() {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(path, static_cast<size_t>(size)) : "fectl";
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  // A stream that the caller closed must not become the number of our socket. Opened for reading, so that
  // writing to it still fails, and is told.
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    // The lowest free number is the one that was just found closed.
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd) return 1;
  }
  fectl::client::Surroundings surroundings;
  surroundings.socket_variable = Variable("FECTL_SOCK");
  surroundings.caller_directory = Variable("BUILD_WORKING_DIRECTORY");
  surroundings.program = OwnPath();
  surroundings.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  surroundings.err_is_terminal = isatty(STDERR_FILENO) == 1 && Variable("TERM") != "dumb";
  surroundings.colours_allowed = Variable("NO_COLOR").empty() && Variable("TERM") != "dumb";
  fectl::client::Output output(STDOUT_FILENO, STDERR_FILENO);
  return fectl::client::Run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), surroundings,
                            output);
}
