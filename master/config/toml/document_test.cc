#include "master/config/toml/document.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::config {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Errors(const std::string& text) {
  std::string errors;
  for (const SyntaxError& error : ReadDocument(text).errors) {
    errors += std::to_string(error.line) + ": " + error.key + ": " + error.text + "\n";
  }
  return errors;
}

const Table& TableOf(const Value& value) {
  return std::get<Table>(value.content);
}

TEST(ReadDocument, BuildsATreeWithLines) {
  const Document document = ReadDocument("x.y = 1\n[a]\nb = 2\n[[c]]\n[[c]]\nd = 3\n[c.e]\nf = 4\n");
  ASSERT_THAT(document.errors, SizeIs(0));
  EXPECT_FALSE(document.empty);
  const auto& root = document.root.members;
  EXPECT_EQ(std::get<int64_t>(TableOf(root.at("x")).members.at("y").content), 1);
  EXPECT_EQ(TableOf(root.at("a")).members.at("b").line, 3);
  const auto& elements = std::get<Array>(root.at("c").content).items;
  ASSERT_THAT(elements, SizeIs(2));
  EXPECT_EQ(elements[0].line, 4);
  EXPECT_EQ(elements[1].line, 5);
  EXPECT_EQ(TableOf(elements[1]).members.at("d").line, 6);
  EXPECT_EQ(TableOf(TableOf(elements[1]).members.at("e")).members.at("f").line, 8);
}

TEST(ReadDocument, AnEmptyFileIsSaidToBeEmpty) {
  EXPECT_TRUE(ReadDocument("").empty);
  EXPECT_TRUE(ReadDocument("# nothing\n").empty);
  EXPECT_FALSE(ReadDocument("a").empty);
  EXPECT_FALSE(ReadDocument(std::string("\0", 1)).empty);
}

TEST(ReadDocument, WhatIsGivenTwiceIsToldWithItsFirstLine) {
  EXPECT_EQ(Errors("a = 1\na = 2\n"), "2: a: is given twice (first in line 1)\n");
  EXPECT_EQ(Errors("[s]\na = 1\n[s]\nb = 2\na = 3\n"),
            "3: s: section [s] is given twice (first in line 1)\n5: s.a: is given twice (first in line 2)\n");
  EXPECT_EQ(Errors("[[s]]\na = 1\n[[s]]\na = 1\nb = 1\nb = 2\n"),
            "6: s[2].b: is given twice (first in line 5)\n");
  EXPECT_EQ(Errors("s = {}\n[s]\n"), "2: s: section [s] is given twice (first in line 1)\n");
}

TEST(ReadDocument, OneAndSeveralBracketsDoNotMix) {
  EXPECT_THAT(Errors("[s]\n[[s]]\na = 1\n"), HasSubstr("2: s: [[s]] cannot follow what line 1 says"));
  EXPECT_THAT(Errors("[[s]]\n[s]\na = 1\n"), HasSubstr("2: s: [s] cannot follow what line 1 says"));
  EXPECT_THAT(Errors("s = [{a = 1}]\n[[s]]\n"), HasSubstr("2: s: [[s]] cannot follow"));
  EXPECT_THAT(Errors("s = 1\n[s]\n"), HasSubstr("2: s: [s] cannot follow"));
}

TEST(ReadDocument, AValueHasNoMembers) {
  EXPECT_EQ(Errors("a = 1\na.b = 2\n"), "2: a: is a value and cannot have keys of its own\n");
  EXPECT_EQ(Errors("a = 1\n[a.b]\nc = 1\n"), "2: a: is a value and cannot have a section of its own\n");
  EXPECT_EQ(Errors("a = [1]\n[a.b]\n"), "2: a: is a value and cannot have a section of its own\n");
}

TEST(ReadDocument, BrokenValuesAreUnreadableAndTheRestIsThere) {
  const Document document = ReadDocument("[s]\na = one\nb = 2\nc = two\n");
  ASSERT_THAT(document.errors, SizeIs(2));
  EXPECT_EQ(document.errors[0].key, "s.a");
  EXPECT_EQ(document.errors[1].line, 4);
  const auto& members = TableOf(document.root.members.at("s")).members;
  EXPECT_TRUE(std::holds_alternative<Unreadable>(members.at("a").content));
  EXPECT_EQ(std::get<int64_t>(members.at("b").content), 2);
}

TEST(ReadDocument, OddKeysAreShownOnOneLine) {
  EXPECT_EQ(Errors("\"a\\nb\" = x y\n"), "1: a\\nb: text must be in quotes, as in \"x\"\n");
  EXPECT_EQ(Errors("[\"\\n\"]\n[\"\\n\"]\n"), "2: \\n: section [\\n] is given twice (first in line 1)\n");
}

TEST(ReadDocument, KeysBelowABrokenHeaderBelongToNobody) {
  const Document document = ReadDocument("a = 1\n[s\na = 2\n[t]\nb = 1\n");
  EXPECT_THAT(document.errors, SizeIs(1));
  EXPECT_THAT(document.root.members, SizeIs(2));
}

TEST(ReadDocument, ManyKeysTakeNoSquareOfTime) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "key" + std::to_string(i) + " = 1\n";
  EXPECT_THAT(ReadDocument(text).root.members, SizeIs(100'000));
}

TEST(ReadDocument, DeepInputIsRefused) {
  std::string dotted = "a";
  for (int i = 0; i < 100'000; ++i) dotted += ".a";
  EXPECT_THAT(Errors(dotted + " = 1\n[" + dotted + "]\nx = " + std::string(100'000, '[') + "\n"),
              HasSubstr("3: x: is nested"));
}

}  // namespace
}  // namespace fectl::config
