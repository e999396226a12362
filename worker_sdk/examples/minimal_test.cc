// How a worker's program is tested without fectld.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "gtest/gtest.h"
#include "worker_sdk/testing/fake_master.h"

namespace {

constexpr char kProgram[] = "worker_sdk/examples/minimal";

// All that the worker says to one client.
std::string Greeting(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  std::string text;
  char byte;
  while (read(fd, &byte, 1) == 1) text += byte;
  close(fd);
  return text;
}

TEST(MinimalTest, GreetsFromStartToStop) {
  fectl::FakeMaster master;
  const int port = master.AddTcpSocket("greet");
  const auto pid = master.Spawn({kProgram});
  ASSERT_TRUE(pid.ok()) << pid.status();
  ASSERT_TRUE(master.WaitFor("loaded"));
  master.Send("start");
  EXPECT_EQ(Greeting(port), "hello\n");
  master.Send("pause");
  master.Send("resume");
  EXPECT_EQ(Greeting(port), "hello\n");
  master.Send("stop");
  EXPECT_EQ(master.WaitExit(), 0);
  EXPECT_EQ(master.complaint(), "");
}

TEST(MinimalTest, SaysWhatItNeeds) {
  fectl::FakeMaster master;
  ASSERT_TRUE(master.Spawn({kProgram}).ok());
  fectl::FakeMaster::Message reason;
  ASSERT_TRUE(master.WaitFor("cfgerror", &reason));
  EXPECT_EQ(reason.data, "\"a socket named 'greet' is needed\"");
  const auto status = master.WaitExit();
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(WEXITSTATUS(*status), 99);
}

}  // namespace
