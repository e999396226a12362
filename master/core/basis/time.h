#ifndef MASTER_CORE_BASIS_TIME_H_
#define MASTER_CORE_BASIS_TIME_H_

#include <compare>
#include <cstdint>
#include <limits>

namespace fectl::core {

// A length of time in nanoseconds. 64 bits hold 292 years, so sums of configured times cannot overflow.
struct Span {
  int64_t ns = 0;
  auto operator<=>(const Span&) const = default;
  using AsNumber = int64_t;  // in an archive
};

constexpr Span Milliseconds(int64_t n) {
  return Span{n * 1'000'000};
}
constexpr Span Seconds(int64_t n) {
  return Milliseconds(n * 1'000);
}
constexpr int64_t ToMilliseconds(Span span) {
  return span.ns / 1'000'000;
}

// A point on the monotonic clock, handed in with each event: the core reads no clock.
struct Instant {
  int64_t ns = 0;
  auto operator<=>(const Instant&) const = default;
  using AsNumber = int64_t;  // in an archive
};

inline constexpr Instant kNever{std::numeric_limits<int64_t>::max()};

constexpr Instant operator+(Instant t, Span d) {
  return t.ns > kNever.ns - d.ns ? kNever : Instant{t.ns + d.ns};
}
constexpr Span operator+(Span a, Span b) {
  return Span{a.ns + b.ns};
}
constexpr Span operator-(Instant a, Instant b) {
  return Span{a.ns - b.ns};
}

}  // namespace fectl::core

#endif  // MASTER_CORE_BASIS_TIME_H_
