// What decoding costs in memory: counted at operator new, which all of the library's memory comes from.
#include <cstdlib>
#include <functional>
#include <string>

#include "gtest/gtest.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/environment.h"
#include "proto_spec/frame.h"
#include "proto_spec/message.h"
#include "proto_spec/testing/allocation_count.h"
#include "proto_spec/worker_messages.h"

namespace fectl::proto {
namespace {

Allocations CostOf(const std::function<void()>& work) {
  const Allocations before = AllocationsSoFar();
  work();
  const Allocations after = AllocationsSoFar();
  return {.bytes = after.bytes - before.bytes, .count = after.count - before.count};
}

std::string Repeat(std::string_view text, size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += text;
  return out;
}

// All memory that was ever taken, freed or not: doubling buffers and the tree's own growth are in these
// numbers.
constexpr size_t kBytesPerByte = 160;
constexpr size_t kBytesAtLeast = 16384;

TEST(MemoryTest, HeartbeatsCostNothing) {
  for (std::string_view payload : {R"({"cmd":"hb"})", R"({"cmd": "hb"})", R"({"cmd": "hb", "data": null})"}) {
    const Allocations cost = CostOf([payload] {
      for (int i = 0; i < 1000; ++i) {
        if (!DecodeWorkerMessage(payload).ok() || !DecodeMasterCommand(payload).ok()) std::abort();
      }
    });
    EXPECT_EQ(cost.count, 0u);
  }
}

TEST(MemoryTest, AStreamOfHeartbeatsCostsOneBuffer) {
  std::string frame;
  ASSERT_TRUE(AppendFrame(R"({"cmd":"hb"})", Level::kBase, &frame).ok());
  FrameReader reader(kBaseFrameBytesMax);
  reader.Append(frame);
  (void)reader.Next();
  const Allocations cost = CostOf([&] {
    for (int i = 0; i < 1000; ++i) {
      reader.Append(frame);
      if (!DecodeWorkerMessage(**reader.Next()).ok()) std::abort();
    }
  });
  EXPECT_EQ(cost.count, 0u);
}

TEST(MemoryTest, AnAnnouncedLengthReservesNothing) {
  const Allocations cost = CostOf([] {
    FrameReader reader(kAnswerBytesMax, /*long_frames=*/true);
    reader.Append(std::string_view("\0\0\x03\xff\xff\xff{", 7));
    if (reader.Next()->has_value()) std::abort();
  });
  EXPECT_LT(cost.bytes, 1000u);
}

TEST(MemoryTest, ABufferHoldsAtMostTwiceWhatWaits) {
  const std::string chunk(1000, 'x');
  FrameReader reader(kRequestBytesMax, /*long_frames=*/true);
  size_t appended = 6;
  reader.Append(std::string_view("\0\0\0\x10\0\0", 6));
  const Allocations cost = CostOf([&] {
    for (int i = 0; i < 1000; ++i, appended += chunk.size()) reader.Append(chunk);
  });
  // A doubling string has taken the sum of a geometric series.
  EXPECT_LE(cost.bytes, 4 * appended + kBytesAtLeast);
}

TEST(MemoryTest, DecodingIsProportionalToThePayload) {
  constexpr size_t kBytes = 60000;
  const std::string payloads[] = {
      Repeat("[", kBytes),
      "{\"cmd\":\"hb\",\"data\":[" + Repeat("[],", kBytes) + "[]]}",
      "{\"cmd\":\"hb\",\"data\":{" + Repeat("\"\":0,", kBytes) + "\"\":0}}",
      "{\"cmd\":\"loaded\",\"data\":{" + Repeat("\"\":0,", kBytes) + "\"\":0}}",
      "{\"cmd\":\"msg\",\"data\":[" + Repeat("0,", kBytes) + "0]}",
      "{\"cmd\":\"status\",\"data\":\"" + Repeat("\\u0001", kBytes) + "\"}",
      "{\"cmd\":\"status\",\"data\":\"" + Repeat("x", kBytes) + "\"}",
      "{\"cmd\":\"Hello\",\"data\":[" + Repeat("0,", kBytes) + "0]}",
      "{\"cmd\":\"Hello\",\"data\":{\"version\":2,\"x\":[" + Repeat("0,", kBytes) + "0]}}",
      "{\"cmd\":\"Status\",\"data\":\"" + Repeat("web", kBytes) + "\"}",
      "{\"cmd\":\"ServiceWorkerPids\",\"data\":[" + Repeat("\"\",", kBytes) + "\"\"]}",
      "{\"cmd\":\"ServiceStatus\",\"data\":[\"running\",[" + Repeat("[\"worker(1)\",[]],", kBytes) + "1]]}",
      "{\"cmd\":\"Overview\",\"data\":{\"services\":[" + Repeat("{},", kBytes) + "{}]}}",
      "{\"cmd\":\"Inspect\",\"data\":{\"workers\":[" + Repeat("{},", kBytes) + "{}]}}",
      "{\"" + Repeat("x", kBytes) + "\":1,\"cmd\":\"" + Repeat("y", kBytes) + "\"}",
      "{" + Repeat("\"cmd\":\"hb\",", kBytes) + "\"cmd\":\"hb\"}",
      Repeat("\xFF", kBytes),
      Repeat("1", kBytes),
      "0." + Repeat("1", kBytes),
      "\"" + Repeat("\\ud83d\\ude00", kBytes),
  };
  for (const std::string& payload : payloads) {
    const size_t limit = kBytesPerByte * payload.size() + kBytesAtLeast;
    const std::string start = payload.substr(0, 40);
    EXPECT_LE(CostOf([&] { (void)DecodeEnvelope(payload).ok(); }).bytes, 8 * payload.size() + kBytesAtLeast)
        << start;
    EXPECT_LE(CostOf([&] { (void)DecodeWorkerMessage(payload).ok(); }).bytes, limit) << start;
    EXPECT_LE(CostOf([&] { (void)DecodeMasterCommand(payload).ok(); }).bytes, limit) << start;
    // What the master reads from strangers has no trees, but for the objects of level 3: the factor is a
    // small one.
    EXPECT_LE(CostOf([&] { (void)DecodeRequest(payload).ok(); }).bytes, 12 * payload.size() + kBytesAtLeast)
        << start;
    EXPECT_LE(CostOf([&] { (void)DecodeResponse(payload).ok(); }).bytes, limit) << start;
    EXPECT_LE(CostOf([&] { (void)ParseArguments(payload).ok(); }).bytes, limit) << start;
  }
}

// They are read into trees, and anybody may send one: up to the limit of a `Send`.
TEST(MemoryTest, ObjectsOfRequestsAreProportionalToThePayload) {
  for (const char* verb : {"Send", "Listen", "Reload"}) {
    const std::string payload = std::string("{\"cmd\":\"") + verb +
                                "\",\"data\":{\"service\":\"web\",\"json\":\"1\",\"x\":[" +
                                Repeat("0,", 60'000) + "0]}}";
    EXPECT_LE(CostOf([&] { (void)DecodeRequest(payload, Level::kThree).ok(); }).bytes,
              kBytesPerByte * payload.size() + kBytesAtLeast)
        << verb;
  }
}

}  // namespace
}  // namespace fectl::proto
