#ifndef FECTL_CLIENT_EVENTS_CURSOR_H_
#define FECTL_CLIENT_EVENTS_CURSOR_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fectl::client {

// The last event that a reader is done with.
struct Cursor {
  std::string boot{};
  uint64_t seq = 0;

  friend bool operator==(const Cursor&, const Cursor&) = default;
};

// A cursor in a file. One file is for one reader.
// nullopt: there is no such file yet. InvalidArgument, naming the file, for one that holds something else.
absl::StatusOr<std::optional<Cursor>> ReadCursor(const std::string& path);
// Whoever reads it sees the old one or the new one, also after a crash of the machine.
absl::Status WriteCursor(const std::string& path, const Cursor& cursor);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_EVENTS_CURSOR_H_
