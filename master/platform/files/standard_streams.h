#ifndef MASTER_PLATFORM_FILES_STANDARD_STREAMS_H_
#define MASTER_PLATFORM_FILES_STANDARD_STREAMS_H_

#include <vector>

#include "absl/status/status.h"

namespace fectl::platform {

// Opens /dev/null for each of 0, 1 and 2 that is closed. First thing in main(): otherwise the next descriptor
// to be opened becomes standard error, and log lines go into a socket.
absl::Status FillStandardStreams();

// Makes 0 /dev/null, 1 a copy of `output_fd` and 2 a copy of `error_fd` (-1: /dev/null). The arguments stay
// the caller's.
absl::Status RedirectStandardStreams(int output_fd, int error_fd);

// Closes every descriptor but 0, 1 and 2 and those that are `kept`, in ascending order: what a caller
// happened to pass on. Before anything is opened.
void CloseAllButStandardStreams(const std::vector<int>& kept = {});

// Whether standard output and error are different files.
bool OutputAndErrorDiffer();

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_FILES_STANDARD_STREAMS_H_
