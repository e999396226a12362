#include "client/command_line/awaited.h"

#include <charconv>
#include <system_error>

namespace fectl::client {

std::optional<Awaited> ReadAwaited(std::string_view word) {
  if (word == "ready") return Awaited{Awaited::Kind::kReady};
  if (word == "stopped") return Awaited{Awaited::Kind::kStopped};
  if (word == "failed") return Awaited{Awaited::Kind::kFailed};
  constexpr std::string_view kVersion = "version=";
  if (!word.starts_with(kVersion)) return std::nullopt;
  word.remove_prefix(kVersion.size());
  Awaited awaited{Awaited::Kind::kVersion};
  const auto [read, error] = std::from_chars(word.data(), word.data() + word.size(), awaited.version);
  if (error != std::errc() || read != word.data() + word.size() || awaited.version < 1) return std::nullopt;
  return awaited;
}

}  // namespace fectl::client
