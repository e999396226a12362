#ifndef MASTER_RUNTIME_CONTROL_TEST_CONTROL_SERVER_H_
#define MASTER_RUNTIME_CONTROL_TEST_CONTROL_SERVER_H_

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "master/core/basis/time.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/sockets/control_socket.h"
#include "master/runtime/control/access.h"
#include "master/runtime/control/control_server.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/base/unix_address.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/frame.h"

namespace fectl::runtime {

// A plain client, which knows of frames and of no more.
class TestControlClient {
 public:
  explicit TestControlClient(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const base::UnixAddress address(path);
    EXPECT_EQ(connect(fd_.get(), address.get(), address.size()), 0);
  }

  void Send(std::string_view bytes) {
    EXPECT_EQ(send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void Ask(proto::Request::Verb verb, const std::string& service = "", int version = 0) {
    std::string frame;
    const proto::Request request{verb, service, version};
    EXPECT_TRUE(proto::AppendFrame(proto::EncodeRequest(request), proto::Level::kBase, &frame).ok());
    Send(frame);
  }
  // Answers that have arrived.
  std::vector<proto::Response::Kind> Heard() {
    std::vector<proto::Response::Kind> kinds;
    std::array<char, 65536> buffer;
    for (;;) {
      const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got == 0 || (got < 0 && errno == ECONNRESET)) ended_ = true;
      if (got <= 0) break;
      reader_.Append(std::string_view(buffer.data(), static_cast<size_t>(got)));
    }
    for (;;) {
      auto payload = *reader_.Next();
      if (!payload.has_value()) return kinds;
      kinds.push_back(proto::DecodeResponse(*payload)->kind);
    }
  }
  // Whether the server closed the connection, and whether the answers heard so far end within one.
  bool ended() const { return ended_; }
  bool mid_frame() const { return reader_.mid_frame(); }
  void CloseForWriting() { shutdown(fd_.get(), SHUT_WR); }
  void Close() { fd_.reset(); }

 private:
  base::UniqueFd fd_;
  proto::FrameReader reader_{proto::kAnswerBytesMax, /*long_frames=*/true};
  bool ended_ = false;
};

// A control server in a folder of its own. `Requests` is a ControlRequests with a member `server`.
template <typename Requests>
class ControlServerFixture : public testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/fectl-control-XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
    path_ = folder_ + "/sock";
    loop_ = *platform::EventLoop::Create();
    socket_ = *platform::ControlSocket::Open(path_);
    server_ = std::make_unique<ControlServer>(socket_.get(), Access({}, geteuid()), loop_.get(), &requests_);
    requests_.server = server_.get();
    ASSERT_TRUE(server_->Watch().ok());
  }
  void TearDown() override {
    server_.reset();
    socket_.reset();
    EXPECT_EQ(rmdir(folder_.c_str()), 0) << "files were left behind";
  }

  // Lets the server do all that it can without waiting.
  void Settle() {
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(loop_->Turn(0).ok());
      server_->OnTurn(now_);
    }
  }

  std::string folder_;
  std::string path_;
  std::unique_ptr<platform::EventLoop> loop_;
  std::unique_ptr<platform::ControlSocket> socket_;
  Requests requests_;
  std::unique_ptr<ControlServer> server_;
  core::Instant now_{1};
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_CONTROL_TEST_CONTROL_SERVER_H_
