#include "master/config/section_reader.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "master/config/config.h"
#include "master/config/keys.h"
#include "master/config/load_result.h"
#include "master/config/toml/document.h"
#include "master/config/toml/toml_value.h"

namespace fectl::config {
namespace {

// A [[service]] section in which `num = VALUE` is written.
class Reading {
 public:
  explicit Reading(const std::string& value) : document_(ReadDocument("\nnum = " + value)) {
    EXPECT_TRUE(document_.errors.empty()) << value;
    result_.file = "f";
  }
  SectionReader Reader() { return SectionReader(document_.root, "service", "s", &result_); }
  std::string Complaint() const { return result_.Describe(); }

 private:
  const Document document_;
  LoadResult result_;
};

TEST(SectionReader, ReadsWhatIsThereAndNothingElse) {
  Reading reading("5");
  SectionReader reader = reading.Reader();
  EXPECT_EQ(reader.Integer("num", 1, 5), 5);
  EXPECT_EQ(reader.Integer("restarts", 1, 5), std::nullopt);
  EXPECT_EQ(reader.String("name"), std::nullopt);
  EXPECT_FALSE(reader.Has("name"));
  EXPECT_TRUE(reader.Has("num"));
  EXPECT_EQ(reading.Complaint(), "");
}

TEST(SectionReader, IntegersHaveBounds) {
  for (const char* value : {"0", "11", "-1", "1.0", "\"5\"", "true", "[5]", "{a=5}", "9223372036854775807"}) {
    Reading reading(value);
    EXPECT_EQ(reading.Reader().Integer("num", 1, 10), std::nullopt);
    EXPECT_EQ(reading.Complaint().substr(0, 41), "f:2: s.num: must be an integer from 1 to ") << value;
  }
}

TEST(SectionReader, SecondsMayHaveAFraction) {
  const std::pair<const char*, int64_t> kCases[] = {{"1", 1000},
                                                    {"0.1", 100},
                                                    {"0.5", 500},
                                                    {"1.2345", 1235},
                                                    {"1e1", 10'000},
                                                    {"0.29", 290},
                                                    {"2592000", 2'592'000'000}};
  for (const auto& [value, milliseconds] : kCases) {
    Reading reading(value);
    EXPECT_EQ(reading.Reader().Milliseconds("num"), milliseconds) << value;
  }
  for (const char* value : {"0", "0.09", "-1", "2592000.1", "nan", "-nan", "inf", "-inf", "\"1\"", "true"}) {
    Reading reading(value);
    EXPECT_EQ(reading.Reader().Milliseconds("num"), std::nullopt) << value;
  }
}

TEST(SectionReader, StringsAreNotEmptyAndHaveNoNul) {
  Reading good("\"a b\"");
  EXPECT_EQ(good.Reader().String("num"), "a b");
  Reading empty("''");
  EXPECT_EQ(empty.Reader().String("num"), std::nullopt);
  EXPECT_EQ(empty.Complaint(), "f:2: s.num: must not be empty\n");
  Reading nul("\"a\\u0000\"");
  EXPECT_EQ(nul.Reader().String("num"), std::nullopt);
  EXPECT_EQ(nul.Complaint(), "f:2: s.num: must not have a NUL character in it\n");
  Reading in_array("['a', \"\\u0000\"]");
  EXPECT_EQ(in_array.Reader().Strings("num", true), std::nullopt);
}

TEST(SectionReader, PathsFitIntoWhatTheSystemHasForThem) {
  const auto quoted = [](size_t size) { return "'" + std::string(size, 'p') + "'"; };
  EXPECT_TRUE(Reading(quoted(4095)).Reader().Path("num").has_value());
  EXPECT_FALSE(Reading(quoted(4096)).Reader().Path("num").has_value());
  EXPECT_TRUE(Reading(quoted(107)).Reader().SocketPath("num").has_value());
  EXPECT_FALSE(Reading(quoted(108)).Reader().SocketPath("num").has_value());
}

TEST(SectionReader, ListsMayBeOneStringWhereThatIsSaid) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ(Reading("'a'").Reader().Strings("num", true), Strings{"a"});
  EXPECT_EQ(Reading("'a'").Reader().Strings("num", false), std::nullopt);
  EXPECT_EQ(Reading("['a', '']").Reader().Strings("num", false), (Strings{"a", ""}));
  EXPECT_EQ(Reading("[]").Reader().Strings("num", false), Strings{});
  EXPECT_EQ(Reading("[1]").Reader().Strings("num", true), std::nullopt);
  EXPECT_EQ(Reading("[['a']]").Reader().Strings("num", true), std::nullopt);
}

TEST(SectionReader, UsersAndGroupsAreNamesOrNumbers) {
  EXPECT_EQ(Reading("'web'").Reader().UserOrGroup("num"), (Account{"web", std::nullopt}));
  EXPECT_EQ(Reading("0").Reader().UserOrGroup("num"), (Account{"", 0u}));
  EXPECT_EQ(Reading("'33'").Reader().UserOrGroup("num"), (Account{"", 33u}));
  EXPECT_EQ(Reading("4294967294").Reader().UserOrGroup("num"), (Account{"", 4294967294u}));
  for (const char* value :
       {"-1", "4294967295", "''", "'99999999999999999999'", "1.5", "true", "[1]", "\"a\\u0000\""}) {
    EXPECT_EQ(Reading(value).Reader().UserOrGroup("num"), std::nullopt) << value;
  }
}

TEST(SectionReader, WordsAreChosenWithoutRegardToCase) {
  static constexpr std::string_view kWords[] = {"one", "two"};
  EXPECT_EQ(Reading("'TWO'").Reader().OneOf("num", kWords), 1u);
  Reading three("'three'");
  EXPECT_EQ(three.Reader().OneOf("num", kWords), std::nullopt);
  EXPECT_EQ(three.Complaint(), "f:2: s.num: must be \"one\" or \"two\", not \"three\"\n");
}

TEST(SectionReader, AMisspeltKeyIsNotAlsoToldToBeMissing) {
  const Document document = ReadDocument("nmae = 'web'\n");
  LoadResult result;
  result.file = "f";
  SectionReader reader(document.root, "service", "s", &result);
  reader.Require("name", "a word");
  reader.Require("num", "a number");
  result.SortProblems();
  EXPECT_EQ(result.Describe(),
            "f:1: s.nmae: unknown key, did you mean \"name\"?\nf: s.num: is required: a number\n");
}

}  // namespace
}  // namespace fectl::config
