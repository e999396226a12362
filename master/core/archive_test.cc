#include "master/core/archive.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fectl::core {
namespace {

using Any = std::variant<std::monostate, int32_t, std::string>;

struct Sample {
  std::string text = {};
  std::vector<uint16_t> numbers = {};
  std::optional<int32_t> maybe = {};
  Any any = {};
  bool flag = false;

  bool operator==(const Sample&) const = default;
  template <typename Archive>
  static void Fields(Archive& archive, auto& self) {
    archive(self.text, self.numbers, self.maybe, self.any, self.flag);
  }
};

std::string Written(const auto&... values) {
  ArchiveWriter writer;
  writer(values...);
  return writer.Take();
}

// What a reader makes of bytes, into an object that holds something else already.
struct Read {
  explicit Read(std::string_view bytes) {
    ArchiveReader reader(bytes);
    reader(value);
    ok = reader.ok() && reader.at_end();
  }
  Sample value{.text = "old", .numbers = {1, 2, 3}, .maybe = 4, .any = "old", .flag = true};
  bool ok = false;
};

TEST(Archive, ReadsWhatItWrote) {
  for (const Sample& sample :
       {Sample{}, Sample{"text", {7, 8}, 9, 10, true}, Sample{"", {}, {}, "text", false}}) {
    const Read read(Written(sample));
    EXPECT_TRUE(read.ok);
    EXPECT_EQ(read.value, sample);
  }
}

TEST(Archive, BytesThatEndTooEarlyAreNoValue) {
  const std::string bytes = Written(Sample{"text", {7, 8}, 9, "more", true});
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Read(std::string_view(bytes).substr(0, size)).ok) << size;
  }
}

TEST(Archive, AfterSomethingThatDoesNotFitEverythingIsEmpty) {
  // A text of as many bytes as are left is one; a longer one is not, and what seems to follow it is not read.
  EXPECT_TRUE(Read(Written(Sample{.text = "1234567"})).ok);
  const Read read(
      Written(uint64_t{1000}, std::string("12345678"), true, int32_t{1}, uint8_t{1}, int32_t{5}, true));
  EXPECT_FALSE(read.ok);
  EXPECT_EQ(read.value.text, "");
  EXPECT_TRUE(read.value.numbers.empty());
  EXPECT_EQ(read.value.maybe, std::nullopt);
  EXPECT_FALSE(read.value.flag);
}

TEST(Archive, ATextMayBeTheLast) {
  const std::string bytes = Written(std::string("text"));
  ArchiveReader reader(bytes);
  std::string text;
  reader(text);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(text, "text");
}

TEST(Archive, AnAlternativeThatThereIsNotIsNoValue) {
  for (const uint8_t index : {uint8_t{3}, uint8_t{4}, uint8_t{255}}) {
    const std::string bytes = Written(index);
    ArchiveReader reader(bytes);
    Any any = 1;
    reader(any);
    EXPECT_FALSE(reader.ok()) << int{index};
  }
}

TEST(Archive, NoAlternativeIsReadBehindTheEnd) {
  ArchiveReader reader("");
  Any any = 1;
  reader(any);
  EXPECT_FALSE(reader.ok());
  EXPECT_TRUE(std::holds_alternative<std::monostate>(any));
}

}  // namespace
}  // namespace fectl::core
