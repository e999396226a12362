#include "client/text/table.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

TEST(Table, AlignsAndLeavesNoSpaceAtTheEnd) {
  Table table({"SERVICE", "READY", "CAUSE"});
  table.AddRow({{"web"}, {"4/4", Colour::kNone, true}, {""}});
  table.AddRow({{"background-jobs"}, {"10/12", Colour::kNone, true}, {"exited with code 3"}});
  EXPECT_EQ(table.Render(false),
            "SERVICE          READY  CAUSE\n"
            "web                4/4  -\n"
            "background-jobs  10/12  exited with code 3\n");
}

TEST(Table, CountsCodePointsNotBytes) {
  Table table({"A", "B"});
  table.AddRow({{"größe"}, {"x"}});
  table.AddRow({{"klein"}, {"y"}});
  EXPECT_EQ(table.Render(false), "A      B\ngröße  x\nklein  y\n");
}

TEST(Table, ColoursDoNotMoveColumns) {
  Table table({"A", "B"});
  table.AddRow({{"up", Colour::kGreen}, {"x"}});
  EXPECT_EQ(table.Render(true), "A   B\n\033[32mup\033[0m  x\n");
}

TEST(Table, NotesStandBelowTheirRow) {
  Table table({"A"});
  table.AddRow({{"1"}});
  table.AddNote("warming cache");
  table.AddNote("");
  table.AddRow({{"2"}});
  EXPECT_EQ(table.Render(false), "A\n1\n    warming cache\n2\n");
}

}  // namespace
}  // namespace fectl::client
