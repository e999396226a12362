#include "master/runtime/demonstration.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fectl::runtime {
namespace {

TEST(DemonstrationHint, NamesEveryAddressAndThreeCommands) {
  std::vector<PlannedService> services(2);
  services[0].policy.name = "a";
  services[0].plan.sockets = {{"one", "127.0.0.1:8081"}};
  services[1].policy.name = "long-service-name";
  services[1].plan.sockets = {{"two", "127.0.0.1:8082"}};
  EXPECT_EQ(DemonstrationHint(services),
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
