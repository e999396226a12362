// Memory fails while a client is served, once at each place where it can.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "master/runtime/control/control_server.h"
#include "master/runtime/control/test_control_server.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/testing/allocation_count.h"

namespace fectl::runtime {
namespace {

using Kind = proto::Response::Kind;
using Verb = proto::Request::Verb;

// Answers every request at once, with something that takes memory. Its state is how often it was asked.
class Requests : public ControlRequests {
 public:
  void OnControlRequest(ClientId client, const Peer& /*who*/, const proto::Request& request) override {
    ++asked;
    proto::Response response;
    response.kind = request.verb == Verb::kHello ? Kind::kHello : Kind::kOverview;
    response.version = proto::kControlVersion;
    response.overview.services.resize(20);
    for (proto::ServiceView& service : response.overview.services) service.name = std::string(50, 'x');
    server->Answer(client, response);
  }
  ControlServer* server = nullptr;
  int asked = 0;
};

class ControlServerAllocations : public ControlServerFixture<Requests> {
 protected:
  // A client that says Hello and asks for the overview: what it was answered until the server did no more for
  // it. Only the server's own memory fails, the `failing`th allocation of it.
  std::vector<Kind> Served(size_t failing) {
    TestControlClient client(path_);
    client.Ask(Verb::kHello, "", 2);
    client.Ask(Verb::kOverview);
    proto::FailAllocation(failing);
    Settle();
    failed_ = failing > 0 && proto::AllocationFailed();
    proto::FailAllocation(0);
    std::vector<Kind> kinds = client.Heard();
    ended_ = client.ended();
    EXPECT_FALSE(client.mid_frame()) << "half an answer";
    return kinds;
  }

  bool failed_ = false;
  bool ended_ = false;
};

// What each open descriptor is, in order.
std::vector<std::string> OpenDescriptors() {
  std::vector<std::string> open;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the descriptor of this very reading
    open.push_back(entry.path().filename().string() + " " +
                   std::filesystem::read_symlink(entry, gone).string());
  }
  return open;
}

TEST_F(ControlServerAllocations, F52_EachFailureCostsItsClientAndNothingElse) {
  const std::vector<Kind> all = {Kind::kHello, Kind::kOverview};
  ASSERT_EQ(Served(0), all);
  Served(1);  // the unwinder keeps a pipe of its own from the first exception on
  Settle();
  const std::vector<std::string> descriptors = OpenDescriptors();
  size_t failing = 0;
  bool failed = false;
  do {
    ++failing;
    const std::vector<Kind> served = Served(failing);
    failed = failed_;
    EXPECT_TRUE(ended_ || served == all) << "allocation " << failing << ": neither answered nor closed";
    EXPECT_EQ(Served(0), all) << "after allocation " << failing;
    Settle();
    EXPECT_EQ(server_->clients(), 0U) << "after allocation " << failing;
    EXPECT_EQ(OpenDescriptors(), descriptors) << "after allocation " << failing;
  } while (failed);
  EXPECT_GT(failing, 30U) << "the server takes more memory than that";
}

}  // namespace
}  // namespace fectl::runtime
