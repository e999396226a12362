#include "master/config/keys.h"

#include <string>

#include "gtest/gtest.h"

namespace fectl::config {
namespace {

TEST(ClosestWord, FindsMisspellings) {
  const struct {
    std::string_view written;
    std::string_view meant;
  } kCases[] = {{"comand", "command"},
                {"commnad", "command"},
                {"commands", "command"},
                {"Command", "command"},
                {"startup-timeout", "startup_timeout"},
                {"shutdowntimeout", "shutdown_timeout"},
                {"nmu", "num"},
                {"timout", "timeout"},
                {"max_serge", "max_surge"},
                {"restart", "restarts"},
                {"enviorn", "environ"},
                {"direcory", "directory"}};
  for (const auto& [written, meant] : kCases) EXPECT_EQ(ClosestWord(written, kServiceKeys), meant) << written;
}

TEST(ClosestWord, DoesNotGuessWildly) {
  for (std::string_view word : {"", "x", "colour", "gpu", "this_is_nothing"}) {
    EXPECT_EQ(ClosestWord(word, kServiceKeys), std::nullopt) << word;
  }
  EXPECT_EQ(ClosestWord(std::string(100'000, 'c'), kServiceKeys), std::nullopt);
}

TEST(UnknownKeyText, SaysWhatWasMeantOrWhatThereIs) {
  EXPECT_EQ(UnknownKeyText("service", "comand"), "unknown key, did you mean \"command\"?");
  EXPECT_EQ(UnknownKeyText("master", "daemon"), "unknown key: use the option --daemon of fectld");
  EXPECT_EQ(UnknownKeyText("socket", "address"), "unknown key: use host");
  EXPECT_EQ(UnknownKeyText("logging", "colour"), "unknown key; allowed are level, service, name, facility");
  EXPECT_EQ(UnknownKeyText("logging", "backlog"),
            "unknown key: it belongs to [[socket]]; allowed here are level, service, name, facility");
}

TEST(UnknownSectionText, SaysWhatWasMeantOrWhatThereIs) {
  EXPECT_EQ(UnknownSectionText("services"), "unknown section, did you mean [[service]]?");
  EXPECT_EQ(UnknownSectionText("Master"), "unknown section, did you mean [master]?");
  EXPECT_EQ(UnknownSectionText("backlog"), "must stand in a section, such as [[socket]]");
  EXPECT_EQ(UnknownSectionText("database"),
            "unknown section; allowed are [master], [logging], [[socket]], [[service]], [defaults], [logs], "
            "[service.logs], [service.rollout], [service.recycle]");
}

TEST(UnknownKeyText, SaysWhereAKeyBelongs) {
  EXPECT_EQ(UnknownKeyText("defaults", "command"),
            "unknown key: it says what a single service is, and must stand in [[service]] itself");
  EXPECT_EQ(UnknownKeyText("defaults", "workers"), "unknown key: use num");
  EXPECT_EQ(UnknownKeyText("service", "include"),
            "unknown key: it must stand at the top of the file, before the first section");
}

TEST(Keys, DefaultsAreThoseOfServicesThatSeveralCanShare) {
  std::set<std::string_view> wanted(std::begin(kServiceKeys), std::end(kServiceKeys));
  for (const std::string_view own : {"name", "command", "type", "renamed_from"}) wanted.erase(own);
  EXPECT_EQ(std::set<std::string_view>(std::begin(kDefaultsKeys), std::end(kDefaultsKeys)), wanted);
}

TEST(Keys, NoneIsListedTwice) {
  for (const SectionKeys& section : kSections) {
    for (size_t i = 0; i < section.keys.size(); ++i) {
      for (size_t j = 0; j < i; ++j) EXPECT_NE(section.keys[i], section.keys[j]);
    }
  }
}

}  // namespace
}  // namespace fectl::config
