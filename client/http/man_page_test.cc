// The man page and the code's table must name the same options, and the paths that are answered.

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/command_line.h"
#include "client/http/site.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fectl::http {
namespace {

std::string ManPage() {
  std::ifstream file("client/http/fectl-http.8");
  EXPECT_TRUE(file.is_open());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> ItemsOf(const std::string& section) {
  std::istringstream page(ManPage());
  std::vector<std::string> items;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with(".Sh ")) inside = line == ".Sh " + section;
    if (inside && line.starts_with(".It ")) items.push_back(line.substr(4));
  }
  return items;
}

TEST(ManPage, DescribesTheOptionsOfTheTableAndNoOthers) {
  std::vector<std::string> wanted;
  for (const Option& option : Options()) {
    const std::string value = option.value.empty() ? "" : " Ar " + std::string(option.value);
    wanted.push_back("Fl \\-" + std::string(option.name.substr(2)) + value);
  }
  EXPECT_THAT(ItemsOf("DESCRIPTION"), testing::ElementsAreArray(wanted));
}

TEST(ManPage, DescribesThePathsThatAreAnswered) {
  const std::vector<std::string> items = ItemsOf("PATHS");
  ASSERT_FALSE(items.empty());
  for (const std::string& item : items) {
    std::string path = item.substr(item.find('/'));
    constexpr std::string_view kName = " Ns Ar SERVICE";
    if (const size_t at = path.find(kName); at != std::string::npos) path.replace(at, kName.size(), "web");
    EXPECT_NE(RouteOf(path).kind, Route::Kind::kNone) << item;
  }
}

TEST(ManPage, DescribesTheMetrics) {
  const std::string page = ManPage();
  for (const char* name :
       {"fectl_build_info", "fectl_uptime_seconds", "fectl_config_version", "fectl_config_drift",
        "fectl_config_last_reload_success_timestamp_seconds", "fectl_service_state", "fectl_service_workers",
        "fectl_service_workers_desired", "fectl_worker_restarts_total", "fectl_worker_start_time_seconds",
        "fectl_worker_cpu_seconds_total", "fectl_worker_resident_memory_bytes",
        "fectl_worker_heartbeat_age_seconds", "fectl_worker_value"}) {
    EXPECT_THAT(page, testing::HasSubstr("\n.It Li " + std::string(name))) << name;
  }
}

}  // namespace
}  // namespace fectl::http
