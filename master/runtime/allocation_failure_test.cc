// Memory fails while a client is served, once at each place where it can.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "master/core/time.h"
#include "master/platform/control_socket.h"
#include "master/platform/event_loop.h"
#include "master/platform/unique_fd.h"
#include "master/runtime/access.h"
#include "master/runtime/control_server.h"
#include "proto_spec/allocation_count.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/frame.h"

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

class ControlServerAllocations : public testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/fectl-control-XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
    loop_ = *platform::EventLoop::Create();
    socket_ = *platform::ControlSocket::Open(folder_ + "/sock");
    server_ = std::make_unique<ControlServer>(socket_.get(), Access({}, geteuid()), loop_.get(), &requests_);
    requests_.server = server_.get();
    ASSERT_TRUE(server_->Watch().ok());
  }
  void TearDown() override {
    server_.reset();
    socket_.reset();
    EXPECT_EQ(rmdir(folder_.c_str()), 0) << "files were left behind";
  }

  void Settle() {
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(loop_->Turn(0).ok());
      server_->OnTurn(core::Instant{i});
    }
  }

  // A client that says Hello and asks for the overview: what it was answered until the server did no more for
  // it. Only the server's own memory fails, the `failing`th allocation of it.
  std::vector<Kind> Served(size_t failing) {
    const platform::UniqueFd client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (folder_ + "/sock").c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    std::string frames;
    for (const proto::Request& request :
         {proto::Request{Verb::kHello, "", 2}, proto::Request{Verb::kOverview}}) {
      EXPECT_TRUE(proto::AppendFrame(proto::EncodeRequest(request), proto::Level::kBase, &frames).ok());
    }
    EXPECT_EQ(send(client.get(), frames.data(), frames.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(frames.size()));
    proto::FailAllocation(failing);
    Settle();
    failed_ = failing > 0 && proto::AllocationFailed();
    proto::FailAllocation(0);

    std::array<char, 65536> buffer;
    proto::FrameReader reader(proto::kAnswerBytesMax, /*long_frames=*/true);
    ssize_t got = 0;
    while ((got = recv(client.get(), buffer.data(), buffer.size(), 0)) > 0) {
      reader.Append(std::string_view(buffer.data(), static_cast<size_t>(got)));
    }
    ended_ = got == 0 || errno == ECONNRESET;
    std::vector<Kind> kinds;
    while (const std::optional<std::string_view> payload = *reader.Next()) {
      kinds.push_back(proto::DecodeResponse(*payload)->kind);
    }
    EXPECT_FALSE(reader.mid_frame()) << "half an answer";
    return kinds;
  }

  std::string folder_;
  std::unique_ptr<platform::EventLoop> loop_;
  std::unique_ptr<platform::ControlSocket> socket_;
  Requests requests_;
  std::unique_ptr<ControlServer> server_;
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
