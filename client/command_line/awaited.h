#ifndef FECTL_CLIENT_COMMAND_LINE_AWAITED_H_
#define FECTL_CLIENT_COMMAND_LINE_AWAITED_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace fectl::client {

// What `fectl wait --for` waits for.
struct Awaited {
  enum class Kind { kReady, kStopped, kFailed, kVersion };
  Kind kind = Kind::kReady;
  int64_t version = 0;
};

// "ready", "stopped", "failed", "version=8"; nullopt: anything else.
std::optional<Awaited> ReadAwaited(std::string_view word);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_COMMAND_LINE_AWAITED_H_
