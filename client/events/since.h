#ifndef FECTL_CLIENT_EVENTS_SINCE_H_
#define FECTL_CLIENT_EVENTS_SINCE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace fectl::client {

// Where a reader begins.
struct Since {
  std::optional<uint64_t> after{};     // the number of an event: those behind it
  std::optional<int64_t> length_ms{};  // what is not older than this
  std::optional<int64_t> at_ms{};      // unix time: nothing older
  bool now = false;                    // nothing that is there already

  friend bool operator==(const Since&, const Since&) = default;
};

// "1042", "90s", "10m", "2h", "3d", "2026-11-28T01:02:03Z", "now"; nullopt: anything else.
std::optional<Since> ReadSince(std::string_view word);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_EVENTS_SINCE_H_
