#include "master/config/toml/foreign_words.h"

#include "gtest/gtest.h"

namespace fectl::config {
namespace {

TEST(ForeignKeyHint, SUGGEST_NamesWhatIsWrittenHere) {
  EXPECT_EQ(ForeignKeyHint("service", "numprocs"), "use num");
  EXPECT_EQ(ForeignKeyHint("master", "numprocs"), "use num, in [[service]]");
  EXPECT_EQ(ForeignKeyHint("service", "ExecStart"), "use command");
  EXPECT_EQ(ForeignKeyHint("service", "max-requests"), ForeignKeyHint("service", "max_requests"));
  EXPECT_EQ(ForeignKeyHint("service", "loglevel"), "use level, in [logging]");
  EXPECT_EQ(ForeignKeyHint("service", "bind"),
            "use host and port, or proto = \"unix\" and path, in [[socket]]");
  EXPECT_EQ(ForeignKeyHint("socket", "umask"), "use mode");
  EXPECT_EQ(ForeignKeyHint("service", "umask"), "leave it out: the umask of workers is 022");
  EXPECT_EQ(ForeignKeyHint("service", "colour"), "");
  EXPECT_EQ(ForeignKeyHint("service", ""), "");
}

TEST(ForeignSectionHint, SUGGEST_KnowsTheSectionsOfOthers) {
  EXPECT_EQ(ForeignSectionHint("program"), "use [[service]]");
  EXPECT_EQ(ForeignSectionHint("Unit"), "use [[service]]");
  EXPECT_EQ(ForeignSectionHint("fcgi-program"), "use a [[socket]] and a [[service]]");
  EXPECT_EQ(ForeignSectionHint("database"), "");
}

}  // namespace
}  // namespace fectl::config
