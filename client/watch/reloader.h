#ifndef FECTL_CLIENT_WATCH_RELOADER_H_
#define FECTL_CLIENT_WATCH_RELOADER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/process/child.h"
#include "client/text/output.h"
#include "client/watch/quiet_time.h"
#include "client/watch/tree_watch.h"

namespace fectl::client {

// Runs a program that reloads a service when watched files have changed: one at a time, and once more for
// what has changed meanwhile. It says what has changed, and what will not be seen.
class Reloader {
 public:
  // `command` gives exit status 0 when it has reloaded, and says itself how it came out. `output` outlives
  // this.
  Reloader(TreeWatch watch, std::vector<std::string> command, Output* output)
      : watch_(std::move(watch)), command_(std::move(command)), output_(output) {}

  // OnReady() is to be called when it is readable, OnTime() at wake_ms().
  int fd() const { return watch_.fd(); }
  int64_t wake_ms() const;
  void OnReady(int64_t now_ms);
  void OnTime(int64_t now_ms);

  // To be called when a child has ended. Whether the reload went well, if one has ended.
  std::optional<bool> TakeEnd();

  // Ends a reload that is going on.
  void Stop();

 private:
  TreeWatch watch_;
  std::vector<std::string> command_;
  Output* output_;
  QuietTime quiet_;
  std::vector<std::string> changed_;
  std::optional<Child> running_;
};

// "shop/web.py changed"; "a.py, b.py, c.py and 4 more changed".
std::string ChangedText(const std::vector<std::string>& files);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_WATCH_RELOADER_H_
