#include "master/platform/credentials/accounts.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace fectl::platform {
namespace {

// Entries larger than this (a group with tens of thousands of members) are reported as errors.
constexpr size_t kEntryBytesMax = 4 << 20;
constexpr int kGroupsMax = 65536;  // NGROUPS_MAX of Linux

// The number that `text` is; nullopt when it is a name. All ones means "no change" to the kernel and is no
// number.
std::optional<uint32_t> Number(const std::string& text) {
  uint32_t number = 0;
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  if (!absl::SimpleAtoi(text, &number) || number == UINT32_MAX) return std::nullopt;
  return number;
}

// Runs one of the get..._r functions with a growing buffer, which `entry` points into afterwards. Returns
// errno, and 0 with *found null when there is no such entry.
template <typename Entry, typename Key>
int Ask(int (*ask)(Key, Entry*, char*, size_t, Entry**), Key key, Entry* entry, std::vector<char>* buffer,
        Entry** found) {
  buffer->resize(1024);
  while (true) {
    const int error = ask(key, entry, buffer->data(), buffer->size(), found);
    if (error == EINTR) continue;
    if (error != ERANGE || buffer->size() >= kEntryBytesMax) return error;
    buffer->resize(buffer->size() * 4);
  }
}

// What the C library says for "there is no such entry" instead of 0 with some sources of names.
bool MeansNoEntry(int error) {
  return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

absl::StatusOr<std::vector<gid_t>> GroupsOf(const Account& account, gid_t group) {
  int count = 32;
  while (true) {
    std::vector<gid_t> groups(count);
    if (getgrouplist(account.name.c_str(), group, groups.data(), &count) >= 0) {
      groups.resize(count);
      return groups;
    }
    if (count <= static_cast<int>(groups.size()) || count > kGroupsMax) {
      return absl::ResourceExhaustedError(absl::StrCat("user ", account.name, " is in too many groups"));
    }
  }
}

}  // namespace

absl::StatusOr<std::optional<Account>> LookUpUser(const std::string& user) {
  const std::optional<uint32_t> number = Number(user);
  passwd entry = {};
  passwd* found = nullptr;
  std::vector<char> buffer;
  const int error = number.has_value()
                        ? Ask<passwd, uid_t>(getpwuid_r, *number, &entry, &buffer, &found)
                        : Ask<passwd, const char*>(getpwnam_r, user.c_str(), &entry, &buffer, &found);
  if (found != nullptr) {
    return Account{found->pw_name, found->pw_uid, found->pw_gid, found->pw_dir, found->pw_shell};
  }
  if (!MeansNoEntry(error)) return absl::ErrnoToStatus(error, absl::StrCat("cannot look up user ", user));
  if (number.has_value()) return std::nullopt;
  return absl::NotFoundError(absl::StrCat("there is no user ", user));
}

absl::StatusOr<gid_t> LookUpGroup(const std::string& group_name) {
  if (const std::optional<uint32_t> number = Number(group_name); number.has_value()) return *number;
  group entry = {};
  group* found = nullptr;
  std::vector<char> buffer;
  const int error = Ask<group, const char*>(getgrnam_r, group_name.c_str(), &entry, &buffer, &found);
  if (found != nullptr) return found->gr_gid;
  if (!MeansNoEntry(error)) {
    return absl::ErrnoToStatus(error, absl::StrCat("cannot look up group ", group_name));
  }
  return absl::NotFoundError(absl::StrCat("there is no group ", group_name));
}

bool IsPrivateGroup(uid_t user, gid_t group_id) {
  const absl::StatusOr<std::optional<Account>> owner = LookUpUser(absl::StrCat(user));
  if (!owner.ok() || !owner->has_value() || (*owner)->gid != group_id) return false;
  struct group entry = {};
  struct group* found = nullptr;
  std::vector<char> buffer;
  Ask<struct group, gid_t>(getgrgid_r, group_id, &entry, &buffer, &found);
  if (found == nullptr || (*owner)->name != found->gr_name) return false;
  for (char** member = found->gr_mem; *member != nullptr; ++member) {
    if ((*owner)->name != *member) return false;
  }
  // Others may have it as their primary group.
  bool alone = true;
  setpwent();
  while (const passwd* other = getpwent())
    alone = alone && (other->pw_gid != group_id || other->pw_uid == user);
  endpwent();
  return alone;
}

absl::StatusOr<std::optional<Identity>> ResolveIdentity(const std::string& user, const std::string& group) {
  if (user.empty() && group.empty()) return std::nullopt;
  std::optional<gid_t> gid;
  if (!group.empty()) {
    const absl::StatusOr<gid_t> found = LookUpGroup(group);
    if (!found.ok()) return found.status();
    gid = *found;
  }
  if (user.empty()) return Identity{geteuid(), *gid, {*gid}};
  const absl::StatusOr<std::optional<Account>> account = LookUpUser(user);
  if (!account.ok()) return account.status();
  if (!account->has_value()) {
    if (!gid.has_value()) {
      return absl::NotFoundError(
          absl::StrCat("user ", user, " is not in the user database: name a group too"));
    }
    return Identity{*Number(user), *gid, {*gid}};
  }
  Identity identity = {(*account)->uid, gid.value_or((*account)->gid), {}};
  absl::StatusOr<std::vector<gid_t>> groups = GroupsOf(**account, identity.gid);
  if (!groups.ok()) return groups.status();
  identity.groups = *std::move(groups);
  return identity;
}

}  // namespace fectl::platform
