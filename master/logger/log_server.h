#ifndef FECTL_MASTER_LOGGER_LOG_SERVER_H_
#define FECTL_MASTER_LOGGER_LOG_SERVER_H_

namespace fectl::logger {

// What `fectld --log-server` does: the logger of the master that has started it, with the link as descriptor
// `link_fd` and the memory that loggers hand on as `memory_fd` (-1: there is none). Returns the exit code.
int ServeLogs(int link_fd, int memory_fd);

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_LOG_SERVER_H_
