#include "worker_sdk/run/output/relay.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::run {
namespace {

using fectl::base::UniqueFd;
using Wait = Relay::Wait;

struct Pipe {
  UniqueFd out, in;
  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    out.reset(ends[0]);
    in.reset(ends[1]);
  }
};

std::string ReadAll(int fd) {
  std::string all;
  char buffer[65536];
  for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;)
    all.append(buffer, static_cast<size_t>(got));
  return all;
}

void Write(int fd, const std::string& text) {
  ASSERT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

TEST(Relay, BytesComeThroughAsTheyAre) {
  Pipe program, ours;
  Relay relay(std::move(program.out), ours.in.get(), "up");
  const std::string bytes("no line\0\xff\n is up", 16);
  Write(program.in.get(), bytes);
  EXPECT_EQ(relay.Copy(), Wait::kInput);
  EXPECT_EQ(ReadAll(ours.out.get()), bytes);
  EXPECT_TRUE(relay.lines().found());
  program.in.reset();
  EXPECT_EQ(relay.Copy(), Wait::kNothing);
  EXPECT_EQ(relay.from_fd(), -1);
}

TEST(Relay, ASlowReaderHoldsUpTheProgramAndNothingElse) {
  Pipe program, ours;
  Relay relay(std::move(program.out), ours.in.get(), "");
  std::string sent;
  const std::string chunk(4096, 'x');
  Wait wait = Wait::kInput;
  for (int i = 0; i < 1000 && wait != Wait::kRoom; ++i) {
    if (write(program.in.get(), chunk.data(), chunk.size()) > 0) sent += chunk;
    wait = relay.Copy();
  }
  ASSERT_EQ(wait, Wait::kRoom);
  std::string got = ReadAll(ours.out.get());
  while ((wait = relay.Copy()) == Wait::kRoom) got += ReadAll(ours.out.get());
  EXPECT_EQ(wait, Wait::kInput);
  EXPECT_EQ(got + ReadAll(ours.out.get()), sent);
}

TEST(Relay, AProgramWithoutAReaderNoticesIt) {
  signal(SIGPIPE, SIG_IGN);
  Pipe program, ours;
  Relay relay(std::move(program.out), ours.in.get(), "");
  ours.out.reset();
  Write(program.in.get(), "x");
  EXPECT_EQ(relay.Copy(), Wait::kNothing);
  EXPECT_EQ(write(program.in.get(), "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
}

TEST(Relay, TheRestIsCopiedThoughOthersHoldTheOtherEnd) {
  Pipe program, ours;
  ASSERT_GT(fcntl(ours.in.get(), F_SETPIPE_SZ, 1 << 20), 0);
  Relay relay(std::move(program.out), ours.in.get(), "");
  ASSERT_GT(fcntl(program.in.get(), F_SETPIPE_SZ, 1 << 20), 0);
  Write(program.in.get(), std::string(200'000, 'x'));
  relay.Finish();
  EXPECT_EQ(ReadAll(ours.out.get()).size(), 200'000U);
}

}  // namespace
}  // namespace fectl::run
