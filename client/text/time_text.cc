#include "client/text/time_text.h"

#include <time.h>

#include <algorithm>
#include <cstdio>

namespace fectl::client {
namespace {

// About 300,000 years: what is longer is a mistake, and must not overflow a conversion.
constexpr double kSecondsMax = 1e13;

std::string Number(int64_t value) {
  return std::to_string(value);
}

}  // namespace

std::string ShortDuration(double seconds) {
  if (!(seconds > 0)) return "0s";  // NaN too
  const int64_t s = static_cast<int64_t>(std::min(seconds, kSecondsMax));
  if (s < 60) return Number(s) + "s";
  if (s < 3600) return Number(s / 60) + "m" + Number(s % 60) + "s";
  if (s < 86400) return Number(s / 3600) + "h" + Number(s / 60 % 60) + "m";
  return Number(s / 86400) + "d" + Number(s / 3600 % 24) + "h";
}

std::string SpokenDuration(int64_t milliseconds) {
  const int64_t ms = std::max<int64_t>(0, milliseconds);
  if (ms < 950) return Number(ms) + " ms";
  // Tenths below ten seconds: somebody who tunes a start-up looks at them.
  if (ms < 9950) {
    const int64_t tenths = (ms + 50) / 100;
    return Number(tenths / 10) + "." + Number(tenths % 10) + " s";
  }
  const int64_t s = (ms + 500) / 1000;
  if (s < 60) return Number(s) + " s";
  return Number(s / 60) + " min " + Number(s % 60) + " s";
}

std::string UtcTime(double unix_seconds) {
  if (!(unix_seconds >= 0 && unix_seconds < kSecondsMax)) return "-";
  const time_t when = static_cast<time_t>(unix_seconds);
  tm parts;
  if (gmtime_r(&when, &parts) == nullptr) return "-";
  char text[64];
  const size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text, length);
}

}  // namespace fectl::client
