#include "client/json_text.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

TEST(JsonText, Errors) {
  EXPECT_EQ(ErrorJson(3, "no \"fectld\"\n\033"),
            "{\"ok\":false,\"exit_code\":3,\"reason\":\"no \\\"fectld\\\"\\n\\u001b\"}\n");
}

TEST(JsonText, Operations) {
  OperationResult web;
  web.service = "web";
  web.ok = true;
  web.answer = "ServiceStarted";
  web.line = "reloaded";
  web.took_ms = 1234;
  OperationResult api;
  api.service = "api";
  api.reason = "it is starting";
  EXPECT_EQ(
      OperationsJson({web, api}),
      "[{\"service\":\"web\",\"ok\":true,\"answer\":\"ServiceStarted\",\"reason\":null,\"seconds\":1.234},"
      "{\"service\":\"api\",\"ok\":false,\"answer\":null,\"reason\":\"it is "
      "starting\",\"seconds\":0.000}]\n");
  EXPECT_EQ(OperationsJson({}), "[]\n");
  web.old_workers = OldWorkers{.leaving = 3, .undrained = 2, .undrained_sigterm = 1};
  EXPECT_EQ(
      OperationsJson({web}),
      "[{\"service\":\"web\",\"ok\":true,\"answer\":\"ServiceStarted\",\"reason\":null,\"seconds\":1.234,"
      "\"still_leaving\":3,\"undrained\":2,\"undrained_sigterm\":1}]\n");
  api.lines = "a\n\tb\n";
  api.lines_of = 2;
  EXPECT_EQ(OperationsJson({api}),
            "[{\"service\":\"api\",\"ok\":false,\"answer\":null,\"reason\":\"it is "
            "starting\",\"seconds\":0.000,\"lines\":\"a\\n\\tb\\n\",\"lines_of\":2}]\n");
}

TEST(JsonText, Pids) {
  EXPECT_EQ(PidsJson("web", {"12", "34"}), "{\"service\":\"web\",\"pids\":[12,34]}\n");
  EXPECT_EQ(PidsJson("web", {}), "{\"service\":\"web\",\"pids\":[]}\n");
  EXPECT_EQ(PidJson("12"), "{\"pid\":12}\n");
}

TEST(JsonText, Scaled) {
  EXPECT_EQ(ScaledJson("web", 8, 7), "{\"service\":\"web\",\"ok\":true,\"num\":8,\"ready\":7}\n");
}

TEST(JsonText, Run) {
  EXPECT_EQ(RunJson("migrate", 0, ""),
            "{\"service\":\"migrate\",\"ok\":true,\"exit_code\":0,\"reason\":null}\n");
  EXPECT_EQ(RunJson("migrate", 3, "exit code 3"),
            "{\"service\":\"migrate\",\"ok\":false,\"exit_code\":3,\"reason\":\"exit code 3\"}\n");
}

TEST(JsonText, APidWhichIsNoNumberStaysText) {
  for (const char* pid : {"", "x", "012", "1e5", "99999999999", "-1"}) {
    EXPECT_EQ(PidJson(pid), "{\"pid\":\"" + std::string(pid) + "\"}\n");
  }
}

TEST(JsonText, Versions) {
  EXPECT_EQ(VersionJson("fectl 1.0.0"), "{\"version\":\"fectl 1.0.0\"}\n");
  EXPECT_EQ(VersionCheckJson("fectl 1.0.0", "fectl 1.0.1"),
            "{\"client\":\"fectl 1.0.0\",\"server\":\"fectl 1.0.1\",\"match\":false}\n");
  EXPECT_EQ(VersionCheckJson("a", "a"), "{\"client\":\"a\",\"server\":\"a\",\"match\":true}\n");
}

TEST(JsonText, DoneAndViews) {
  EXPECT_EQ(DoneJson(5), "{\"ok\":true,\"seconds\":0.005}\n");
  EXPECT_EQ(ServingJson("http://127.0.0.1:8000", "asgi", "/tmp/x", 7),
            "{\"ok\":true,\"url\":\"http://127.0.0.1:8000\",\"application\":\"asgi\",\"sock\":\"/tmp/"
            "x\",\"pid\":7}\n");
  EXPECT_EQ(ViewJson("{\"cause\":\"\xc2\x9b\"}"), "{\"cause\":\"\\u009b\"}\n");
}

TEST(JsonText, Init) {
  EXPECT_EQ(InitJson("fectld.toml", "the program ./web", {"a:app", "b:app"}),
            "{\"ok\":true,\"file\":\"fectld.toml\",\"found\":\"the program ./web\","
            "\"others\":[\"a:app\",\"b:app\"]}\n");
  EXPECT_EQ(InitJson("x", "y", {}), "{\"ok\":true,\"file\":\"x\",\"found\":\"y\",\"others\":[]}\n");
}

}  // namespace
}  // namespace fectl::client
