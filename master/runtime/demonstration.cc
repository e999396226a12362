#include "master/runtime/demonstration.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace fectl::runtime {

std::string DemonstrationHint(const std::vector<PlannedService>& services) {
  constexpr char kFectl[] = "bazel-bin/client/fectl";
  std::string text = "\nThe demonstration serves:\n";
  std::string first_address;
  size_t width = 0;
  for (const PlannedService& service : services) width = std::max(width, service.policy.name.size());
  for (const PlannedService& service : services) {
    for (const proto::SocketView& socket : service.plan.sockets) {
      std::string name = service.policy.name;
      name.resize(width, ' ');
      text += "  " + name + "  http://" + socket.address + "/\n";
      if (first_address.empty()) first_address = socket.address;
    }
  }
  text += "\nTry in another terminal, in this folder:\n";
  text += "  curl http://" + first_address + "/\n";
  text += std::string("  ") + kFectl + " status\n";
  text += std::string("  ") + kFectl + " reload " + services.front().policy.name + "\n";
  text += "\nCtrl-C ends it.\n\n";
  return text;
}

}  // namespace fectl::runtime
