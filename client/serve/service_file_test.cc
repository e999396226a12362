#include "client/serve/service_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fectl::client {
namespace {

using testing::HasSubstr;
using testing::Not;

ServiceFile Shop() {
  return {.kind = "asgi",
          .arguments = {"app=shop.main:app", "access_log=-"},
          .host = "127.0.0.1",
          .port = 8000,
          .workers = 2,
          .python = "/usr/bin/python3",
          .loop = "",
          .directory = "/srv/shop",
          .environ = {}};
}

TEST(ServiceFile, IsAWholeConfiguration) {
  EXPECT_EQ(ServiceFileText(Shop()),
            R"(# The same service without fectl serve: save this as fectld.toml and run fectld beside it.

[[socket]]
name = "http"
host = "127.0.0.1"
port = 8000
app = "asgi"
arguments = ["app=shop.main:app", "access_log=-"]

[[service]]
name = "web"
num = 2
command = "/usr/bin/python3 -m fectl_worker asyncio"
directory = "/srv/shop"
)");
}

TEST(ServiceFile, TheLoopStandsInTheCommand) {
  ServiceFile shop = Shop();
  shop.loop = "uvloop";
  EXPECT_THAT(ServiceFileText(shop),
              HasSubstr("command = \"/usr/bin/python3 -m fectl_worker asyncio --loop uvloop\"\n"));
}

TEST(ServiceFile, ACommandThatAShellWouldReadOtherwiseIsAListOfWords) {
  ServiceFile shop = Shop();
  shop.python = "/home/me/my env/bin/python3";
  EXPECT_THAT(
      ServiceFileText(shop),
      HasSubstr("command = [\"/home/me/my env/bin/python3\", \"-m\", \"fectl_worker\", \"asyncio\"]\n"));
}

TEST(ServiceFile, AnAddressWithColonsIsIpv6) {
  ServiceFile shop = Shop();
  EXPECT_THAT(ServiceFileText(shop), Not(HasSubstr("proto")));
  shop.host = "::1";
  EXPECT_THAT(ServiceFileText(shop), HasSubstr("proto = \"tcp6\"\nhost = \"::1\"\n"));
}

TEST(ServiceFile, TextsAreEscaped) {
  ServiceFile shop = Shop();
  shop.directory = "/srv/a \"b\"\\c\n\x7f\xc3\xa4";
  EXPECT_THAT(ServiceFileText(shop), HasSubstr(R"(directory = "/srv/a \"b\"\\c\u000a\u007f)"
                                               "\xc3\xa4\"\n"));
}

TEST(ServiceFile, ALongEnvironmentTakesSeveralLines) {
  ServiceFile shop = Shop();
  shop.environ = {"PYTHONPATH=/opt/fectl/python", "DATABASE_URL"};
  EXPECT_THAT(ServiceFileText(shop),
              HasSubstr("environ = [\"PYTHONPATH=/opt/fectl/python\", \"DATABASE_URL\"]\n"));
  for (int i = 10; i < 22; ++i) shop.environ.push_back("VARIABLE_" + std::to_string(i));
  EXPECT_THAT(
      ServiceFileText(shop),
      HasSubstr("environ = [\n"
                "  \"PYTHONPATH=/opt/fectl/python\", \"DATABASE_URL\", \"VARIABLE_10\", \"VARIABLE_11\", "
                "\"VARIABLE_12\",\n"
                "  \"VARIABLE_13\", \"VARIABLE_14\", \"VARIABLE_15\", \"VARIABLE_16\", \"VARIABLE_17\", "
                "\"VARIABLE_18\",\n"
                "  \"VARIABLE_19\", \"VARIABLE_20\", \"VARIABLE_21\",\n"
                "]\n"));
}

TEST(ServiceFile, AnArgumentIsFoundHoweverItIsWritten) {
  for (const char* argument : {"access_log=-", "--access-log=off", "access_log"})
    EXPECT_TRUE(HasArgument({"app=shop:app", argument}, "access_log")) << argument;
  EXPECT_FALSE(HasArgument({"app=access_log", "access_log_format=%h"}, "access_log"));
}

TEST(ServiceFile, TheControlSocketHasASectionOfItsOwn) {
  EXPECT_EQ(MasterSection("/tmp/x/fectld.sock"), "\n[master]\nsock = \"/tmp/x/fectld.sock\"\n");
}

}  // namespace
}  // namespace fectl::client
