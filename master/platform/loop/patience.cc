#include "master/platform/loop/patience.h"

#include <poll.h>

#include "master/platform/loop/clock.h"

namespace fectl::platform {
namespace {

constexpr int kMomentMs = 20;

}  // namespace

Patience::Patience(int64_t milliseconds) : until_ns_(MonotonicNanos() + milliseconds * 1'000'000) {}

bool Patience::Wait() const {
  if (MonotonicNanos() >= until_ns_) return false;
  poll(nullptr, 0, kMomentMs);
  return true;
}

}  // namespace fectl::platform
