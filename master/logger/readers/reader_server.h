#ifndef FECTL_MASTER_LOGGER_READERS_READER_SERVER_H_
#define FECTL_MASTER_LOGGER_READERS_READER_SERVER_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "master/logger/readers/reader.h"
#include "master/logger/readers/registry.h"
#include "master/logger/threads/bell.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/sockets/unix_listener.h"

namespace fectl::logger {

// Takes the connections of readers. One thread, that of the loop; each reader has its own.
class ReaderServer final : private platform::FdWatcher {
 public:
  // Both outlive it.
  ReaderServer(platform::EventLoop* loop, Registry* registry) : loop_(loop), registry_(registry) {}
  ~ReaderServer() override;
  ReaderServer(const ReaderServer&) = delete;
  ReaderServer& operator=(const ReaderServer&) = delete;

  // Listens there, and no longer where it did before. `for_all`: the roles decide, not the mode of the file.
  absl::Status Listen(const std::string& path, bool for_all);

  // Nobody is served any more; those that are get what there is, within this time.
  void Finish(int timeout_ms);

  // Each has a thread and up to 1 MiB; a screen for each of a team is far less.
  static constexpr size_t kReadersMax = 64;

 private:
  struct Running {
    explicit Running(base::UniqueFd socket, Registry* registry) : reader(std::move(socket), registry) {}
    Reader reader;
    std::atomic<bool> done = false;
    std::thread thread;
  };
  void OnReady(uint32_t events) override;
  void DropDone();

  platform::EventLoop* loop_;
  Registry* registry_;
  std::optional<platform::UnixListener> listener_;
  Bell done_;
  std::list<Running> readers_;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_READERS_READER_SERVER_H_
