#include "master/runtime/own_log/event_log.h"

#include <gtest/gtest.h>

#include <string>

namespace fectl::runtime {
namespace {

using Verb = proto::Request::Verb;

TEST(RequestWords, AreOneShortLine) {
  EXPECT_EQ(RequestWords({.verb = Verb::kReload, .service = "web"}), "Reload web");
  EXPECT_EQ(RequestWords({.verb = Verb::kQuit}), "Quit");
  EXPECT_EQ(RequestWords({.verb = Verb::kStop, .service = "a\n\033[2J" + std::string(100, 'x')}),
            "Stop a\\n\\x1b[2J" + std::string(58, 'x'));
  EXPECT_EQ(RequestWords({.verb = Verb::kStop, .service = "\u009b31m\u202e"}), "Stop \\x9b31m\\u202e");
}

}  // namespace
}  // namespace fectl::runtime
