#include "master/config/transport.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "master/config/fields.h"
#include "master/config/load_result.h"
#include "master/config/parse.h"

namespace fectl::config {
namespace {

using ::testing::HasSubstr;

// Gives every field that VisitFields() names a value that it has not by default, and no two the same.
class Filler {
 public:
  void Fill(bool* value) { *value = !*value; }
  void Fill(int* value) { *value = ++last_; }
  void Fill(int64_t* value) { *value = INT64_MAX - ++last_; }
  void Fill(uint32_t* value) { *value = UINT32_MAX - static_cast<uint32_t>(++last_); }
  void Fill(uint64_t* value) { *value = UINT64_MAX - static_cast<uint64_t>(++last_); }
  void Fill(std::string* value) { *value = "text " + std::to_string(++last_); }
  template <typename T>
  void Fill(std::optional<T>* value) {
    Fill(&value->emplace());
  }
  template <typename T>
  void Fill(std::vector<T>* values) {
    values->clear();
    Fill(&values->emplace_back());
    Fill(&values->emplace_back());
  }
  template <typename A, typename B>
  void Fill(std::pair<A, B>* value) {
    Fill(&value->first);
    Fill(&value->second);
  }
  void Fill(KeyLines* lines) { lines->Set("key " + std::to_string(++last_), Place{++last_, 1}); }
  template <typename T>
  void Fill(T* value) {
    if constexpr (std::is_enum_v<T>) {
      *value = static_cast<T>(LastOf(T{}) == static_cast<int>(*value) ? 0 : LastOf(T{}));
    } else {
      VisitFields(*value, [this](const char*, auto& field) { Fill(&field); });
    }
  }

 private:
  int last_ = 0;
};

LoadResult Filled() {
  LoadResult result;
  Filler().Fill(&result);
  return result;
}

// Between the fields that VisitFields() names is no room for another one.
template <typename T>
void ExpectCovered(const char* type) {
  T value{};
  const auto begin = reinterpret_cast<uintptr_t>(&value);
  uintptr_t end = begin;
  VisitFields(value, [&](const char* name, auto& field) {
    const auto at = reinterpret_cast<uintptr_t>(&field);
    EXPECT_LT(at - end, alignof(std::remove_reference_t<decltype(field)>)) << type << ": before " << name;
    end = at + sizeof(field);
  });
  EXPECT_LT(begin + sizeof(T) - end, alignof(T)) << type;
}

TEST(Transport, NoFieldIsWithoutName) {
  ExpectCovered<Account>("Account");
  ExpectCovered<Identity>("Identity");
  ExpectCovered<Grant>("Grant");
  ExpectCovered<MasterConfig>("MasterConfig");
  ExpectCovered<SocketConfig>("SocketConfig");
  ExpectCovered<ServiceConfig>("ServiceConfig");
  ExpectCovered<LoggingConfig>("LoggingConfig");
  ExpectCovered<Config>("Config");
  ExpectCovered<Problem>("Problem");
  ExpectCovered<LoadResult>("LoadResult");
}

TEST(Transport, EveryFieldArrives) {
  const LoadResult sent = Filled();
  const auto received = DecodeLoaded(EncodeLoaded(sent));
  ASSERT_TRUE(received.ok()) << received.status();
  EXPECT_EQ(*received, sent);
  // And none of them has its default, which would arrive without being sent.
  const auto differs = [](const auto& filled) {
    std::remove_cvref_t<decltype(filled)> fresh;
    std::vector<std::string> fields;
    VisitFields(fresh,
                [&](const char*, const auto& field) { fields.push_back(testing::PrintToString(field)); });
    size_t i = 0;
    VisitFields(filled, [&](const char* name, const auto& field) {
      EXPECT_NE(testing::PrintToString(field), fields[i++]) << name;
    });
  };
  differs(sent.config.services[0]);
  differs(sent.config.sockets[0]);
  differs(sent.config.master);
  differs(sent.config.logging);
}

TEST(Transport, EveryFieldArrivesThatHasItsDefault) {
  LoadResult sent;
  sent.config.services.emplace_back();
  sent.config.sockets.emplace_back();
  sent.problems.emplace_back();
  const auto received = DecodeLoaded(EncodeLoaded(sent));
  ASSERT_TRUE(received.ok()) << received.status();
  EXPECT_EQ(*received, sent);
}

TEST(Transport, StringsHoldAnyBytes) {
  std::string bytes;
  for (int c = 0; c < 256; ++c) bytes.push_back(static_cast<char>(c));
  LoadResult sent;
  sent.file = bytes + "\xe2\x82\xac \xf0\x9f\x98\x80 \xed\xa0\x80";
  const std::string text = EncodeLoaded(sent);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(text.find('\0'), std::string::npos);
  const auto received = DecodeLoaded(text);
  ASSERT_TRUE(received.ok()) << received.status();
  EXPECT_EQ(received->file, sent.file);
}

TEST(Transport, WhatWasParsedArrivesWithItsProblems) {
  const LoadResult sent = Parse("[[service]]\nname = 'web'\nnum = 0\ncommand = 'a \"b\"'\n", "f.toml");
  ASSERT_FALSE(sent.ok());
  const auto received = DecodeLoaded(EncodeLoaded(sent));
  ASSERT_TRUE(received.ok()) << received.status();
  EXPECT_EQ(*received, sent);
  EXPECT_EQ(received->Describe(), sent.Describe());
  EXPECT_EQ(received->lines.Find("service.web.num"), 3);
}

TEST(Transport, WhatIsNoLoadedConfigurationIsRefused) {
  const std::string good = EncodeLoaded(Filled());
  for (const size_t length : {size_t{0}, size_t{1}, good.size() / 2, good.size() - 1}) {
    EXPECT_FALSE(DecodeLoaded(good.substr(0, length)).ok()) << length;
  }
  EXPECT_FALSE(DecodeLoaded(good + "x").ok());
  EXPECT_FALSE(DecodeLoaded("[]").ok());
  EXPECT_FALSE(DecodeLoaded(std::string(1'000'000, '[')).ok());
  std::string renamed = good;
  renamed.replace(renamed.find("\"before_roll\""), 13, "\"before_rill\"");
  EXPECT_THAT(DecodeLoaded(renamed).status().message(), HasSubstr("\"before_roll\" is missing or wrong"));
  std::string unknown = good;
  const std::string proto = "\"proto\":";
  unknown[unknown.find(proto) + proto.size()] = '9';
  EXPECT_THAT(DecodeLoaded(unknown).status().message(), HasSubstr("\"proto\" is missing or wrong"));
}

}  // namespace
}  // namespace fectl::config
