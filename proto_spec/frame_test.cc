#include "proto_spec/frame.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::proto {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Framed(std::string_view payload, Level level = Level::kBase) {
  std::string out;
  EXPECT_TRUE(AppendFrame(payload, level, &out).ok());
  return out;
}

// All frames that are complete, as strings.
std::vector<std::string> TakeAll(FrameReader& reader) {
  std::vector<std::string> payloads;
  while (true) {
    absl::StatusOr<std::optional<std::string_view>> next = reader.Next();
    EXPECT_TRUE(next.ok()) << next.status();
    if (!next.ok() || !next->has_value()) return payloads;
    payloads.emplace_back(**next);
  }
}

TEST(AppendFrameTest, PutsABigEndianLengthInFront) {
  EXPECT_EQ(Framed("{}"), std::string("\0\2{}", 4));
  EXPECT_EQ(Framed(std::string(258, 'x')).substr(0, 3), std::string("\1\2x"));
}

TEST(AppendFrameTest, AppendsToWhatIsThere) {
  std::string out = "before";
  ASSERT_TRUE(AppendFrame("{}", Level::kBase, &out).ok());
  EXPECT_EQ(out, std::string("before\0\2{}", 10));
}

TEST(AppendFrameTest, TheLargestBaseFrameHas65535Bytes) {
  EXPECT_EQ(Framed(std::string(65535, 'x')).substr(0, 3), "\xff\xffx");
  std::string out = "kept";
  EXPECT_EQ(AppendFrame(std::string(65536, 'x'), Level::kBase, &out).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(out, "kept");
}

TEST(AppendFrameTest, Level2UsesLongFramesOnlyWhereTheyAreNeeded) {
  EXPECT_EQ(Framed("{}", Level::kTwo), std::string("\0\2{}", 4));
  EXPECT_EQ(Framed(std::string(65535, 'x'), Level::kTwo).substr(0, 3), "\xff\xffx");
  EXPECT_EQ(Framed(std::string(65536, 'x'), Level::kTwo).substr(0, 7), std::string("\0\0\0\1\0\0x", 7));
}

TEST(AppendFrameTest, RefusesWhatNoPeerWouldAccept) {
  std::string out;
  EXPECT_EQ(AppendFrame("", Level::kTwo, &out).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(AppendFrame(std::string(kAnswerBytesMax + 1, 'x'), Level::kTwo, &out).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(out, "");
}

TEST(FrameReaderTest, ReadsFramesThatAreSplitAtEveryByte) {
  const std::string stream = Framed("one") + Framed("two") + Framed("three");
  for (size_t split = 0; split <= stream.size(); ++split) {
    FrameReader reader(kBaseFrameBytesMax);
    reader.Append(stream.substr(0, split));
    std::vector<std::string> payloads = TakeAll(reader);
    reader.Append(stream.substr(split));
    for (std::string& payload : TakeAll(reader)) payloads.push_back(payload);
    EXPECT_THAT(payloads, ElementsAre("one", "two", "three")) << "split at " << split;
    EXPECT_FALSE(reader.mid_frame());
  }
}

TEST(FrameReaderTest, ReadsOneByteAtATime) {
  FrameReader reader(kBaseFrameBytesMax);
  std::vector<std::string> payloads;
  for (char byte : Framed("one") + Framed("two")) {
    reader.Append(std::string_view(&byte, 1));
    for (std::string& payload : TakeAll(reader)) payloads.push_back(payload);
  }
  EXPECT_THAT(payloads, ElementsAre("one", "two"));
}

TEST(FrameReaderTest, KnowsWhenAFrameHasBegun) {
  FrameReader reader(kBaseFrameBytesMax);
  EXPECT_FALSE(reader.mid_frame());
  reader.Append(std::string_view("\0", 1));
  EXPECT_THAT(TakeAll(reader), IsEmpty());
  EXPECT_TRUE(reader.mid_frame());
  EXPECT_EQ(reader.buffered_bytes(), 1u);
  reader.Append("\1x");
  EXPECT_THAT(TakeAll(reader), ElementsAre("x"));
  EXPECT_FALSE(reader.mid_frame());
}

TEST(FrameReaderTest, ALengthOfZeroIsAnEmptyPayloadAtTheBaseLevel) {
  FrameReader reader(kBaseFrameBytesMax);
  reader.Append(std::string_view("\0\0\0\1x", 5));
  EXPECT_THAT(TakeAll(reader), ElementsAre("", "x"));
}

TEST(FrameReaderTest, ReadsLongFramesWhenAllowed) {
  const std::string large(70000, 'x');
  FrameReader reader(kRequestBytesMax, /*long_frames=*/true);
  reader.Append(Framed(large, Level::kTwo) + Framed("short", Level::kTwo));
  EXPECT_THAT(TakeAll(reader), ElementsAre(large, "short"));
}

TEST(FrameReaderTest, ALongFrameMayBeShort) {
  FrameReader reader(kRequestBytesMax, /*long_frames=*/true);
  reader.Append(std::string_view("\0\0\0\0\0\1x\0\0\0\0\0\0", 13));
  EXPECT_THAT(TakeAll(reader), ElementsAre("x", ""));
}

TEST(FrameReaderTest, SplitInsideALongLength) {
  FrameReader reader(kRequestBytesMax, /*long_frames=*/true);
  const std::string stream("\0\0\0\0\0\3abc", 9);
  for (size_t at = 0; at + 1 < stream.size(); ++at) {
    reader.Append(stream.substr(at, 1));
    EXPECT_THAT(TakeAll(reader), IsEmpty());
  }
  reader.Append(stream.substr(stream.size() - 1));
  EXPECT_THAT(TakeAll(reader), ElementsAre("abc"));
}

TEST(FrameReaderTest, LongFramesCanBeAllowedInTheMiddleOfAStream) {
  FrameReader reader(kBaseFrameBytesMax);
  const std::string large(70000, 'x');
  // `Hello` and the first long frame may come in one read; the reader is told after it gave out the `Hello`.
  reader.Append(Framed("hello") + Framed(large, Level::kTwo));
  EXPECT_EQ(**reader.Next(), "hello");
  reader.AllowLongFrames(kRequestBytesMax);
  EXPECT_THAT(TakeAll(reader), ElementsAre(large));
}

TEST(FrameReaderTest, RefusesAFrameAsSoonAsItsLengthIsKnown) {
  FrameReader reader(kRequestBytesMax, /*long_frames=*/true);
  reader.Append(std::string_view("\0\0\0\x10\0\1", 6));  // a mebibyte and one
  EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(reader.Next().status().message(), "a frame of 1048577 bytes; at most 1048576 are allowed");
}

TEST(FrameReaderTest, AnErrorIsFinalAndKeepsNothing) {
  FrameReader reader(100);
  reader.Append(std::string_view("\0\x65", 2));
  EXPECT_FALSE(reader.Next().ok());
  reader.Append(Framed("later"));
  EXPECT_FALSE(reader.Next().ok());
  EXPECT_EQ(reader.buffered_bytes(), 0u);
}

TEST(FrameReaderTest, FramesBeforeTheBadOneAreGivenOut) {
  FrameReader reader(100);
  reader.Append(Framed("good") + Framed(std::string(101, 'x')));
  EXPECT_EQ(**reader.Next(), "good");
  EXPECT_FALSE(reader.Next().ok());
}

TEST(FrameReaderTest, ManySmallFramesInOneLargeBufferTakeLinearTime) {
  // Ten million bytes in two-frame reads and one-frame takes, so that a backlog is always waiting: with a
  // copy of the backlog for each frame this would take hours.
  std::string stream;
  for (int i = 0; i < 1'000'000; ++i) stream += std::string_view("\0\10abcdefgh", 10);
  FrameReader reader(kBaseFrameBytesMax);
  size_t frames = 0;
  for (size_t at = 0; at < stream.size(); at += 20) {
    reader.Append(std::string_view(stream).substr(at, 20));
    frames += reader.Next()->has_value();
  }
  frames += TakeAll(reader).size();
  EXPECT_EQ(frames, 1'000'000u);
}

TEST(FrameReaderTest, GivesTheMemoryOfALargeFrameBackWhenItWasTaken) {
  FrameReader reader(kRequestBytesMax, true);
  std::string frame;
  ASSERT_TRUE(AppendFrame(std::string(kRequestBytesMax, 'x'), Level::kTwo, &frame).ok());
  reader.Append(frame);
  EXPECT_GE(reader.held_bytes(), frame.size());
  ASSERT_TRUE((*reader.Next()).has_value());
  ASSERT_FALSE((*reader.Next()).has_value());
  EXPECT_LE(reader.held_bytes(), 4096u);
}

}  // namespace
}  // namespace fectl::proto
