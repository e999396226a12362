#include "master/logger/log_server.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/logger/logger.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {

int ServeLogs(int link_fd, int memory_fd) {
  // It ends when its master does, and not when a terminal or an operator asks the master to: the last words
  // of workers come then.
  sigset_t asked;
  sigemptyset(&asked);
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ, SIGTSTP})
    sigaddset(&asked, signal);
  pthread_sigmask(SIG_BLOCK, &asked, nullptr);
  pthread_setname_np(pthread_self(), "fectl-log");
  base::UniqueFd memory(memory_fd);
  for (const int fd : {link_fd, memory_fd}) {
    if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      std::cerr << "fectld: --log-server is for a fectld that starts its logger" << std::endl;
      _exit(2);
    }
  }
  absl::StatusOr<std::unique_ptr<Logger>> logger = Logger::Make(base::UniqueFd(link_fd), std::move(memory));
  absl::Status status = logger.status();
  if (logger.ok()) status = (*logger)->Run();
  if (!status.ok()) std::cerr << "fectld: the logger ends: " << status.message() << std::endl;
  // A write that hangs is waited for by nobody.
  _exit(status.ok() ? 0 : 1);
}

}  // namespace fectl::logger
