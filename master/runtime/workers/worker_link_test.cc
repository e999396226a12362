#include "master/runtime/workers/worker_link.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "master/core/boundary/events.h"
#include "master/platform/children/pipes.h"
#include "master/platform/loop/event_loop.h"
#include "proto_spec/frame.h"
#include "proto_spec/worker_messages.h"

namespace fectl::runtime {
namespace {

class Sink final : public driver::EventSink {
 public:
  void Emit(core::Event event) override { events.push_back(std::move(event)); }
  void OnAppMessage(const core::Incarnation& /*who*/, const std::string& /*json*/) override {}

  template <typename Event>
  const Event* Find() const {
    for (const core::Event& event : events) {
      if (const auto* found = std::get_if<Event>(&event)) return found;
    }
    return nullptr;
  }

  std::vector<core::Event> events;
};

// A process that another process started, and the worker's ends of its pipes, which are the test's here.
struct Started {
  platform::LaunchResult process;
  platform::ChannelPipes pipes;
};

Started StartElsewhere() {
  auto pipes = platform::OpenChannelPipes();
  EXPECT_TRUE(pipes.ok()) << pipes.status();
  const platform::PreparedLaunch launch({.executable = "/bin/cat", .argv = {"cat"}});
  platform::LaunchOutcome outcome = launch.Launch({.stdin_fd = pipes->worker_read.get()});
  EXPECT_TRUE(std::holds_alternative<platform::LaunchResult>(outcome));
  return {std::move(std::get<platform::LaunchResult>(outcome)), *std::move(pipes)};
}

TEST(WorkerLink, AProcessThatWasStartedElsewhereIsAdopted) {
  Started started = StartElsewhere();
  const int32_t pid = started.process.pid;
  auto loop = platform::EventLoop::Create();
  ASSERT_TRUE(loop.ok()) << loop.status();
  platform::Children children(loop->get());
  platform::MemoryKills memory_kills;
  Sink sink;
  const core::Incarnation who{.service = 1, .slot = 0, .generation = 5};
  WorkerLink link(who, 1, 0, loop->get(), &memory_kills, &sink);
  ASSERT_TRUE(link.Adopt(std::move(started.process), std::move(started.pipes.master_read),
                         std::move(started.pipes.master_write), &children)
                  .ok());
  EXPECT_EQ(link.pid(), pid);

  // What it writes becomes events.
  std::string loaded;
  ASSERT_TRUE(proto::AppendFrame(proto::EncodeWorkerMessage({.kind = proto::WorkerMessage::Kind::kLoaded}),
                                 proto::Level::kBase, &loaded)
                  .ok());
  ASSERT_EQ(write(started.pipes.worker_write.get(), loaded.data(), loaded.size()),
            static_cast<ssize_t>(loaded.size()));
  while (sink.Find<core::WorkerLoaded>() == nullptr) ASSERT_TRUE((*loop)->Turn(-1).ok());
  EXPECT_EQ(sink.Find<core::WorkerLoaded>()->who, who);

  // Orders reach it.
  link.Send(core::Order::kStart);
  std::array<char, 256> order = {};
  EXPECT_GT(read(started.pipes.worker_read.get(), order.data(), order.size()), 0);

  // It is signalled, and its end is noticed.
  link.Signal(core::Sig::kKill);
  while (sink.Find<core::Exited>() == nullptr) ASSERT_TRUE((*loop)->Turn(-1).ok());
  EXPECT_EQ(sink.Find<core::Exited>()->who, who);
}

}  // namespace
}  // namespace fectl::runtime
