#include "master/logger/readers/registry.h"

#include <unistd.h>

#include <algorithm>
#include <set>

namespace fectl::logger {

void Registry::AddService(std::shared_ptr<ServiceLog> log) {
  const std::lock_guard lock(mutex_);
  services_[log->settings()->service] = std::move(log);
}

void Registry::RemoveService(uint64_t service) {
  const std::lock_guard lock(mutex_);
  services_.erase(service);
  std::erase_if(running_, [&](const auto& entry) { return entry.first.first == service; });
}

std::shared_ptr<ServiceLog> Registry::Find(uint64_t service) const {
  const std::lock_guard lock(mutex_);
  const auto found = services_.find(service);
  return found == services_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<ServiceLog>> Registry::Named(const std::vector<std::string>& names,
                                                         std::string* missing) const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> wanted(names.begin(), names.end());
  std::vector<std::shared_ptr<ServiceLog>> found;
  for (const auto& [id, log] : services_) {
    const std::string name = log->settings()->name;
    if (names.empty() || std::find(names.begin(), names.end(), name) != names.end()) found.push_back(log);
    wanted.erase(name);
  }
  if (!wanted.empty() && missing != nullptr) *missing = *wanted.begin();
  return found;
}

void Registry::SetRunning(uint64_t service, uint32_t worker, int32_t pid) {
  const std::lock_guard lock(mutex_);
  running_[{service, worker}].push_back(pid);
}

void Registry::SetEnded(uint64_t service, uint32_t worker, int32_t pid) {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find({service, worker});
  if (found == running_.end()) return;
  const auto one = std::find(found->second.begin(), found->second.end(), pid);
  if (one != found->second.end()) found->second.erase(one);
  if (found->second.empty()) running_.erase(found);
}

bool Registry::IsRunning(uint64_t service, uint32_t worker, int32_t pid) const {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find({service, worker});
  return found != running_.end() &&
         std::find(found->second.begin(), found->second.end(), pid) != found->second.end();
}

void Registry::SetGrants(std::vector<ReaderGrant> grants) {
  const std::lock_guard lock(mutex_);
  grants_ = std::move(grants);
}

Registry::Role Registry::RoleOf(uid_t uid, const std::vector<gid_t>& groups) const {
  if (uid == 0 || uid == geteuid()) return Role::kLogs;
  const std::lock_guard lock(mutex_);
  Role role = Role::kNone;
  for (const ReaderGrant& grant : grants_) {
    const bool meant =
        grant.group ? std::find(groups.begin(), groups.end(), grant.id) != groups.end() : grant.id == uid;
    if (meant) role = std::max(role, grant.logs ? Role::kLogs : Role::kEvents);
  }
  return role;
}

}  // namespace fectl::logger
