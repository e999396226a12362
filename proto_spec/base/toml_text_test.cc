#include "proto_spec/base/toml_text.h"

#include <gtest/gtest.h>

namespace fectl::base {
namespace {

TEST(TomlString, EscapesWhatHasToBe) {
  EXPECT_EQ(TomlString("/srv/a b"), "\"/srv/a b\"");
  EXPECT_EQ(TomlString(R"(say "hi" \ bye)"), R"("say \"hi\" \\ bye")");
  EXPECT_EQ(TomlString("a\nb\x1f\x7f"), R"("a\u000ab\u001f\u007f")");
  EXPECT_EQ(TomlString("\xC3\xA9"), "\"\xC3\xA9\"");
  EXPECT_EQ(TomlString(""), "\"\"");
}

}  // namespace
}  // namespace fectl::base
