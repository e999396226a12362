#include "master/core/archive/archive.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "master/core/archive/archive_reader.h"
#include "master/core/archive/archive_writer.h"

namespace fectl::core {
namespace {

enum class Colour : uint8_t { kRed, kBlue, kLast = kBlue };

struct Point {
  using AsNumber = uint32_t;
  uint32_t at = 0;
  bool operator==(const Point&) const = default;
};

struct Nothing {
  bool operator==(const Nothing&) const = default;
  template <typename Archive>
  static void Fields(Archive& /*archive*/, auto& /*self*/) {}
};

struct Part {
  std::string text = "default";
  bool operator==(const Part&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.text));
  }
};

using Any = std::variant<std::monostate, int32_t, std::string, Nothing, Part>;

struct Sample {
  std::string text = "none";
  std::vector<uint16_t> numbers = {};
  std::optional<int32_t> maybe = {};
  Any any = {};
  bool flag = false;
  Colour colour = Colour::kRed;
  Point point = {};
  std::vector<Part> parts = {};
  std::vector<std::string> texts = {};
  uint64_t big = 7;

  bool operator==(const Sample&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.text), Field<2>(self.numbers), Field<3>(self.maybe), Field<4>(self.any),
            Field<5>(self.flag), Field<6>(self.colour), Field<7>(self.point), Field<8>(self.parts),
            Field<9>(self.texts), Field<31>(self.big));
  }
};

// Sample as an older and as a newer program knows it.
struct Older {
  bool flag = true;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<5>(self.flag));
  }
};
struct Newer {
  std::string text = "";
  Part new_part = {};
  int32_t new_number = 3;
  uint64_t big = 0;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<1>(self.text), Field<20>(self.new_part), Field<21>(self.new_number), Field<31>(self.big));
  }
};
// With alternatives and enumerators that Sample does not have.
enum class MoreColours : uint8_t { kRed, kBlue, kGreen, kLast = kGreen };
struct Beyond {
  std::variant<std::monostate, int32_t, std::string, Nothing, Part, uint8_t> any = {};
  MoreColours colour = MoreColours::kRed;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(Field<4>(self.any), Field<6>(self.colour));
  }
};

Sample Full() {
  return Sample{"text", {7, 8}, 9, "any", true, Colour::kBlue, {5}, {{"a"}, {""}}, {"", "b"}, 1ULL << 40};
}

template <typename T>
std::optional<T> Read(std::string_view bytes) {
  T value;
  if (!ArchiveReader::Read(bytes, value)) return std::nullopt;
  return value;
}

// What a member of Sample is as bytes, as the header says it.
std::optional<Sample> ReadMembers(const std::string& members) {
  std::string bytes(sizeof(ArchivedLength), '\0');
  bytes[0] = static_cast<char>(members.size());
  return Read<Sample>(bytes + members);
}
std::string Short(int number, int size_code, const std::string& value) {
  return std::string(1, static_cast<char>(number * 8 + size_code)) + value;
}
std::string Long(int number, const std::string& value) {
  const std::string length = {static_cast<char>(value.size()), 0, 0, 0};
  return Short(number, 4, length + value);
}

TEST(Archive, ReadsWhatItWrote) {
  Sample with_part;
  with_part.any = Part{"part"};
  Sample with_nothing;
  with_nothing.any = Nothing{};
  Sample with_number;
  with_number.any = -3;
  for (const Sample& sample : {Sample{}, Full(), with_part, with_nothing, with_number})
    EXPECT_EQ(Read<Sample>(ArchiveWriter::Write(sample)), sample);
}

TEST(Archive, BytesAreAsDescribed) {
  const std::string bytes = ArchiveWriter::Write(Part{"abc"});
  EXPECT_EQ(bytes, std::string("\x08\0\0\0"
                               "\x0c\x03\0\0\0"
                               "abc",
                               12));
  EXPECT_EQ(ReadMembers(Short(5, 0, "\x01") + Short(7, 2, {2, 1, 0, 0})).value_or(Sample{}).point.at, 258U);
}

TEST(Archive, BytesThatEndTooEarlyOrTooLateAreNoValue) {
  const std::string bytes = ArchiveWriter::Write(Full());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(Read<Sample>(std::string_view(bytes).substr(0, size)).has_value()) << size;
  EXPECT_FALSE(Read<Sample>(bytes + "x").has_value());
}

TEST(Archive, MembersThatAreNotKnownAreSkipped) {
  const std::optional<Older> older = Read<Older>(ArchiveWriter::Write(Full()));
  ASSERT_TRUE(older.has_value());
  EXPECT_TRUE(older->flag);
  Sample quiet = Full();
  quiet.flag = false;
  EXPECT_FALSE(Read<Older>(ArchiveWriter::Write(quiet)).value_or(Older{}).flag);
  const std::optional<Newer> newer = Read<Newer>(ArchiveWriter::Write(Full()));
  ASSERT_TRUE(newer.has_value());
  EXPECT_EQ(newer->text, "text");
  EXPECT_EQ(newer->big, 1ULL << 40);
}

TEST(Archive, MembersThatAreMissingKeepTheirDefault) {
  const std::optional<Newer> newer = Read<Newer>(ArchiveWriter::Write(Full()));
  ASSERT_TRUE(newer.has_value());
  EXPECT_EQ(newer->new_part.text, "default");
  EXPECT_EQ(newer->new_number, 3);
  EXPECT_EQ(ReadMembers(""), Sample{});
  Sample expected;
  expected.flag = true;
  EXPECT_EQ(Read<Sample>(ArchiveWriter::Write(Older{})), expected);
}

TEST(Archive, AlternativeOrEnumeratorThatThereIsNotIsNoValue) {
  Beyond beyond;
  beyond.any = std::string("any");
  beyond.colour = MoreColours::kBlue;
  EXPECT_TRUE(Read<Sample>(ArchiveWriter::Write(beyond)).has_value());
  beyond.any = uint8_t{1};
  EXPECT_FALSE(Read<Sample>(ArchiveWriter::Write(beyond)).has_value());
  beyond.any = {};
  beyond.colour = MoreColours::kGreen;
  EXPECT_FALSE(Read<Sample>(ArchiveWriter::Write(beyond)).has_value());
  EXPECT_FALSE(ReadMembers(Short(6, 0, "\xff")).has_value());
  EXPECT_FALSE(ReadMembers(Long(4, "\xff")).has_value());
  EXPECT_FALSE(ReadMembers(Long(4, "")).has_value());
}

TEST(Archive, MemberThatIsThereTwiceOrOutOfOrderIsNoValue) {
  const std::string flag = Short(5, 0, "\x01");
  const std::string colour = Short(6, 0, "\x01");
  EXPECT_TRUE(ReadMembers(flag + colour).has_value());
  EXPECT_FALSE(ReadMembers(colour + flag).has_value());
  EXPECT_FALSE(ReadMembers(flag + flag).has_value());
  EXPECT_FALSE(ReadMembers(Short(30, 0, "x") + Short(29, 0, "x")).has_value());  // unknown ones
  EXPECT_FALSE(ReadMembers(Short(0, 0, "x")).has_value());
}

TEST(Archive, ValueOfTheWrongSizeIsNoValue) {
  EXPECT_TRUE(ReadMembers(Short(7, 2, "1234")).has_value());
  EXPECT_FALSE(ReadMembers(Short(7, 1, "12")).has_value());
  EXPECT_FALSE(ReadMembers(Short(7, 3, "12345678")).has_value());
  EXPECT_FALSE(ReadMembers(Short(7, 2, "123")).has_value());
  for (const int unused : {5, 6, 7}) EXPECT_FALSE(ReadMembers(Short(30, unused, "12345678")).has_value());
  EXPECT_TRUE(ReadMembers(Long(2, "1234")).has_value());
  EXPECT_FALSE(ReadMembers(Long(2, "123")).has_value());
  EXPECT_FALSE(ReadMembers(Long(8, {1, 0, 0})).has_value());        // no whole length
  EXPECT_FALSE(ReadMembers(Long(8, {1, 0, 0, 0})).has_value());     // and nothing behind it
  EXPECT_FALSE(ReadMembers(Long(4, {0, 1})).has_value());           // a nothing of one byte
  EXPECT_FALSE(ReadMembers(Short(5, 0, "\x02")).has_value());       // bool
  EXPECT_FALSE(ReadMembers(Long(3, {2, 1, 0, 0, 0})).has_value());  // whether there is one
  EXPECT_FALSE(ReadMembers(Long(3, {1, 1, 0, 0})).has_value());
}

TEST(Archive, LengthThatIsNotTrueReservesNothing) {
  EXPECT_FALSE(ReadMembers(Short(8, 4, {'\xff', '\xff', '\xff', '\x7f'})).has_value());
  EXPECT_FALSE(ReadMembers(Long(8, {'\xff', '\xff', '\xff', '\x7f'})).has_value());
}

}  // namespace
}  // namespace fectl::core
