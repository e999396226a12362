#include "client/http/metrics/metrics_text.h"

#include <limits>

#include "gtest/gtest.h"

namespace fectl::http {
namespace {

TEST(Label, EscapesWhatTheFormatWouldMisread) {
  EXPECT_EQ(Label("service", "web"), "service=\"web\"");
  EXPECT_EQ(Label("n", "a\"b\\c\nd"), R"(n="a\"b\\c\nd")");
  EXPECT_EQ(Label("n", "\xff"), "n=\"\xef\xbf\xbd\"");
}

TEST(MetricsText, HasAFamilysWordsOnceBeforeItsLines) {
  MetricsText text;
  text.Family("fectl_a", MetricsText::Type::kGauge, "What it is.");
  text.Sample(Label("service", "web"), 3);
  text.Sample(Label("service", "api") + "," + Label("worker", "2"), 0.5);
  text.Family("fectl_b_total", MetricsText::Type::kCounter, "Another.");
  text.Sample("", 7);
  EXPECT_EQ(text.Take(),
            "# HELP fectl_a What it is.\n# TYPE fectl_a gauge\n"
            "fectl_a{service=\"web\"} 3\nfectl_a{service=\"api\",worker=\"2\"} 0.5\n"
            "# HELP fectl_b_total Another.\n# TYPE fectl_b_total counter\nfectl_b_total 7\n");
}

TEST(MetricsText, LeavesOutAFamilyWithoutLines) {
  MetricsText text;
  text.Family("fectl_a", MetricsText::Type::kGauge, "What it is.");
  text.Family("fectl_b", MetricsText::Type::kGauge, "What it is.");
  text.Sample("", 1);
  EXPECT_EQ(text.Take(), "# HELP fectl_b What it is.\n# TYPE fectl_b gauge\nfectl_b 1\n");
}

TEST(MetricsText, NumbersReadBackAsTheyWere) {
  const auto written = [](double value) {
    MetricsText text;
    text.Family("a", MetricsText::Type::kGauge, "x");
    text.Sample("", value);
    const std::string all = text.Take();
    return all.substr(all.rfind(' ') + 1);
  };
  EXPECT_EQ(written(0), "0\n");
  EXPECT_EQ(written(-2), "-2\n");
  EXPECT_EQ(written(1764291151.123), "1764291151.123\n");
  EXPECT_EQ(written(12345678901), "12345678901\n");
  EXPECT_EQ(written(0.1), "0.1\n");
  EXPECT_EQ(written(std::numeric_limits<double>::infinity()), "+Inf\n");
  EXPECT_EQ(written(-std::numeric_limits<double>::infinity()), "-Inf\n");
  EXPECT_EQ(written(std::numeric_limits<double>::quiet_NaN()), "NaN\n");
}

}  // namespace
}  // namespace fectl::http
