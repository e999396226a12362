#include "master/runtime/demonstration.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fectl::runtime {
namespace {

TEST(DemonstrationHint, NamesEveryAddressAndThreeCommands) {
  std::vector<ServicePlan> plans(2);
  plans[0].policy.name = "a";
  plans[0].sockets = {{"one", "127.0.0.1:8081"}};
  plans[1].policy.name = "long-service-name";
  plans[1].sockets = {{"two", "127.0.0.1:8082"}};
  EXPECT_EQ(DemonstrationHint(plans),
            "\nThe demonstration serves:\n"
            "  a                  http://127.0.0.1:8081/\n"
            "  long-service-name  http://127.0.0.1:8082/\n"
            "\nTry in another terminal, in this folder:\n"
            "  curl http://127.0.0.1:8081/\n"
            "  bazel-bin/client/fectl status\n"
            "  bazel-bin/client/fectl reload a\n"
            "\nCtrl-C ends it.\n\n");
}

}  // namespace
}  // namespace fectl::runtime
