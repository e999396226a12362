#ifndef FECTL_MASTER_LOGGER_FILES_TIDY_H_
#define FECTL_MASTER_LOGGER_FILES_TIDY_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "master/logger/files/log_files.h"
#include "master/logger/files/room.h"
#include "master/logger/link/link_messages.h"

namespace fectl::logger {

// Closed files: compresses them, and removes those that are too old, or too many for what all may have.
// Settings come from one thread, Run() from another.
class Tidy {
 public:
  // `say` is told of errors, from the thread of Run().
  Tidy(Room* room, std::function<void(std::string)> say) : room_(room), say_(std::move(say)) {}

  void SetTotal(uint64_t bytes);
  void SetService(const ServiceSettings& settings);
  void ForgetService(uint64_t service);

  // Everything that there is to do. May take long.
  void Run(int64_t now_ms);
  // Run() ends after the file that it is at.
  void Stop() { stopped_ = true; }

 private:
  struct Folder {
    std::vector<ServiceSettings> services;
  };
  std::map<std::string, Folder> Folders() const;
  void Compress(const std::string& folder, const Folder& of);
  void RemoveOld(const std::string& folder, const Folder& of, int64_t now_ms);
  void KeepWithin(const std::map<std::string, Folder>& folders, int64_t now_ms);

  Room* room_;
  std::function<void(std::string)> say_;
  mutable std::mutex mutex_;
  uint64_t total_ = 0;
  std::map<uint64_t, ServiceSettings> services_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_FILES_TIDY_H_
