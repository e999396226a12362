#ifndef FECTL_MASTER_LOGGER_READERS_REGISTRY_H_
#define FECTL_MASTER_LOGGER_READERS_REGISTRY_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "master/logger/lines/service_log.h"
#include "master/logger/link/link_messages.h"
#include "master/logger/stores/event_store.h"
#include "master/logger/stores/incident_store.h"

namespace fectl::logger {

// What readers see of the logger. Thread-safe.
class Registry {
 public:
  EventStore& events() { return events_; }
  IncidentStore& incidents() { return incidents_; }

  void AddService(std::shared_ptr<ServiceLog> log);
  void RemoveService(uint64_t service);
  std::shared_ptr<ServiceLog> Find(uint64_t service) const;
  // Those with these names, all where there is none. `missing`: the first name that no service has.
  std::vector<std::shared_ptr<ServiceLog>> Named(const std::vector<std::string>& names,
                                                 std::string* missing) const;
  std::vector<std::shared_ptr<ServiceLog>> All() const { return Named({}, nullptr); }

  // Which process of a place has its pipe open.
  void SetRunning(uint64_t service, uint32_t worker, int32_t pid);
  void SetEnded(uint64_t service, uint32_t worker, int32_t pid);
  bool IsRunning(uint64_t service, uint32_t worker, int32_t pid) const;

  void SetGrants(std::vector<ReaderGrant> grants);
  // What the user may ask for, whose groups these are.
  enum class Role : uint8_t { kNone, kEvents, kLogs };
  Role RoleOf(uid_t uid, const std::vector<gid_t>& groups) const;

 private:
  mutable std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<ServiceLog>> services_;
  std::map<std::pair<uint64_t, uint32_t>, std::vector<int32_t>> running_;
  std::vector<ReaderGrant> grants_;
  EventStore events_;
  IncidentStore incidents_;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_READERS_REGISTRY_H_
