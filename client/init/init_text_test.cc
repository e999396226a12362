#include "client/init/init_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

namespace fectl::client {
namespace {

using testing::HasSubstr;
using testing::Not;

Proposal Shop() {
  return {.what = "the FastAPI application (ASGI) shop.main:app",
          .host = "127.0.0.1",
          .sockets = {{"http", 8000}},
          .app = "asgi",
          .arguments = {"app=shop.main:app"},
          .workers = 2,
          .command = {"/usr/bin/python3", "-m", "fectl_worker", "asyncio"},
          .environ = {}};
}

// The lines that are no comments.
std::string Said(const std::string& text) {
  std::string said;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (text[at] != '#') said += text.substr(at, end - at + 1);
    at = end + 1;
  }
  return said;
}

TEST(InitText, AnApplicationHasASocketAndAService) {
  EXPECT_EQ(Said(InitText(Shop())), R"(
[[socket]]
name = "http"
host = "127.0.0.1"
port = 8000
app = "asgi"
arguments = ["app=shop.main:app"]
service = ["web"]

[[service]]
name = "web"
num = 2
command = ["/usr/bin/python3", "-m", "fectl_worker", "asyncio"]

)");
}

TEST(InitText, AWorkerProgramGetsItsSocketsAndNoApplication) {
  const Proposal worker = {
      .what = "it", .host = "::1", .sockets = {{"http", 80}, {"admin", 81}}, .command = {"./web"}};
  const std::string text = InitText(worker);
  EXPECT_THAT(text, HasSubstr("name = \"admin\"\nproto = \"tcp6\"\n"));
  EXPECT_THAT(text, Not(HasSubstr("app =")));
  EXPECT_THAT(text, Not(HasSubstr("ready =")));
}

TEST(InitText, AnotherProgramIsReadyInItsOwnWay) {
  const Proposal other = {.what = "it", .command = {"./web", "two words"}, .is_worker = false};
  const std::string text = InitText(other);
  EXPECT_THAT(text, Not(HasSubstr("\n[[socket]]\n")));
  EXPECT_THAT(text, HasSubstr("command = [\"./web\", \"two words\"]\n"));
  EXPECT_THAT(text, HasSubstr("\nready = \"after:1\"\n"));
}

TEST(InitText, NamesOfOthersMakeNoLineOfTheirOwn) {
  Proposal shop = Shop();
  shop.what = "x\n[master]";
  EXPECT_THAT(InitText(shop), Not(HasSubstr("\n[master]")));
}

}  // namespace
}  // namespace fectl::client
