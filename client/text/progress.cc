#include "client/text/progress.h"

#include <limits>

namespace fectl::client {
namespace {

// What is faster than this needs no line, and a line that only flashes is annoying.
constexpr int64_t kFirstLineMs = 500;
constexpr int64_t kRenewMs = 1000;

}  // namespace

int64_t Progress::wake_ms(int64_t now_ms) const {
  if (!terminal_) return std::numeric_limits<int64_t>::max();
  const int64_t first = began_ms_ + kFirstLineMs;
  if (now_ms < first) return first;
  return now_ms + kRenewMs - (now_ms - began_ms_) % kRenewMs;
}

void Progress::Show(std::string_view text, int64_t now_ms) {
  if (!terminal_ || now_ms - began_ms_ < kFirstLineMs) return;
  const std::string line = std::string(text) + " (" + std::to_string((now_ms - began_ms_) / 1000) + " s)";
  if (line == shown_) return;
  // Carriage return and "erase to the end of the line"; a line longer than the terminal is wide would leave
  // its first part behind, so automatic wrapping is off while it is written.
  output_->Err("\r\033[K\033[?7l" + line + "\033[?7h");
  shown_ = line;
}

void Progress::Erase() {
  if (shown_.empty()) return;
  output_->Err("\r\033[K");
  shown_.clear();
}

}  // namespace fectl::client
