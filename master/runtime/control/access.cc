#include "master/runtime/control/access.h"

#include <grp.h>
#include <unistd.h>

#include <algorithm>

namespace fectl::runtime {
namespace {

using config::Role;

// Only root gives files to groups that it is not in.
bool MayGiveFilesTo(gid_t group, const platform::Identity* owner) {
  if (owner == nullptr) return geteuid() == 0 || group_member(group) != 0;
  const std::vector<gid_t>& groups = owner->groups;
  return owner->uid == 0 || owner->gid == group ||
         std::find(groups.begin(), groups.end(), group) != groups.end();
}

}  // namespace

std::string Peer::ToString() const {
  return "user " + std::to_string(uid) + " (pid " + std::to_string(pid) + ")";
}

std::optional<Role> Access::RoleOf(const platform::ControlPeer& peer) const {
  if (peer.uid == 0 || peer.uid == own_) return Role::kOperate;
  const auto is_meant = [&peer](const config::Grant& grant) {
    if (!grant.group) return grant.id == peer.uid;
    return grant.id == peer.gid || std::any_of(peer.groups.begin(), peer.groups.end(),
                                               [&](gid_t group) { return grant.id == group; });
  };
  std::optional<Role> role;
  for (const config::Grant& grant : grants_) {
    if (is_meant(grant)) role = std::max(role.value_or(Role::kObserve), grant.role);
  }
  return role;
}

Role Needed(proto::Request::Verb verb) {
  return proto::RowOf(verb).access == proto::Access::kObserve ? Role::kObserve : Role::kOperate;
}

platform::ControlFile FileFor(const std::vector<config::Grant>& grants, const platform::Identity* owner) {
  if (grants.empty()) return {};
  const config::Grant& first = grants.front();
  const bool one_group = grants.size() == 1 && first.group && first.id.has_value();
  if (one_group && MayGiveFilesTo(*first.id, owner)) return {.mode = 0660, .group = *first.id};
  return {.mode = 0666};
}

}  // namespace fectl::runtime
