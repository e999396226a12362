#include "client/session/worker_of.h"

#include <charconv>
#include <system_error>

namespace fectl::client {

std::optional<WorkerOf> ReadWorkerOf(std::string_view word) {
  const size_t open = word.find('[');
  if (open == std::string_view::npos || open == 0 || word.back() != ']') return std::nullopt;
  WorkerOf one{std::string(word.substr(0, open)), 0};
  const char* const first = word.data() + open + 1;
  const char* const last = word.data() + word.size() - 1;
  const auto [read, error] = std::from_chars(first, last, one.worker);
  if (error != std::errc() || read != last || one.worker < 1) return std::nullopt;
  return one;
}

std::optional<WorkerOf> ReadTarget(std::string_view word) {
  const size_t slash = word.find('/');
  if (slash != std::string_view::npos)
    return ReadWorkerOf(std::string(word.substr(0, slash)) + "[" + std::string(word.substr(slash + 1)) + "]");
  if (word.empty() || word.find('[') != std::string_view::npos) return ReadWorkerOf(word);
  return WorkerOf{std::string(word), 0};
}

}  // namespace fectl::client
