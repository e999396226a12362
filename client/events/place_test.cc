#include "client/events/place.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

proto::EventLine Event(const char* boot, uint64_t seq) {
  return {.json = "{}", .seq = seq, .boot = boot};
}

TEST(Place, TheFirstIsNewWhateverItsNumberIs) {
  Place place(std::nullopt, true);
  const Place::Verdict first = place.Take(Event("a", 1042));
  EXPECT_TRUE(first.is_new);
  EXPECT_EQ(first.gap, std::nullopt);
  EXPECT_EQ(place.last(), (Cursor{"a", 1042}));
}

TEST(Place, WhatIsKnownIsNotNew) {
  Place place(Cursor{"a", 5}, true);
  EXPECT_FALSE(place.Take(Event("a", 4)).is_new);
  EXPECT_FALSE(place.Take(Event("a", 5)).is_new);
  EXPECT_TRUE(place.Take(Event("a", 6)).is_new);
  EXPECT_FALSE(place.Take(Event("a", 6)).is_new);
}

TEST(Place, AMissingNumberIsAGap) {
  Place place(Cursor{"a", 5}, true);
  EXPECT_EQ(place.Take(Event("a", 9)).gap, (proto::EventGap{6, 8}));
  EXPECT_EQ(place.Take(Event("a", 10)).gap, std::nullopt);
  // Those of the next boot begin with 1.
  EXPECT_EQ(place.Take(Event("b", 1)).gap, std::nullopt);
  EXPECT_EQ(place.Take(Event("c", 4)).gap, (proto::EventGap{1, 3}));
}

TEST(Place, WhoSeesSomeTypesMissesNothingByANumber) {
  Place place(Cursor{"a", 5}, false);
  EXPECT_EQ(place.Take(Event("a", 9)).gap, std::nullopt);
  EXPECT_TRUE(place.Take(Event("b", 4)).is_new);
}

}  // namespace
}  // namespace fectl::client
