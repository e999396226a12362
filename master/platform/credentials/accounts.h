#ifndef MASTER_PLATFORM_CREDENTIALS_ACCOUNTS_H_
#define MASTER_PLATFORM_CREDENTIALS_ACCOUNTS_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "master/platform/credentials/identity.h"

namespace fectl::platform {

// An entry of the user database.
struct Account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
  std::string shell;
};

// All of these ask the system's databases, which may be remote and slow: call them when configuration is
// read, never in the loop, and keep the answer.

// `user` is a name or a number. An empty optional for a number without an entry (that is allowed in a
// configuration); an unknown name is an error.
absl::StatusOr<std::optional<Account>> LookUpUser(const std::string& user);

// `group` is a name or a number; a number needs no entry.
absl::StatusOr<gid_t> LookUpGroup(const std::string& group);

// Whether `group` is the private group of `user`, as many systems make one for each: it has the user's name,
// and nobody else is a member of it, as far as the databases tell.
bool IsPrivateGroup(uid_t user, gid_t group);

// The identity meant by a configured user and group (empty: not configured).
//   user          that user, the user's own group, and every group that the user is a member of
//   user + group  the same with `group` as the group
//   group         the present user, `group`, and no supplementary group but it
// A user number without an entry needs a group. Neither given: nullopt, nothing to switch.
absl::StatusOr<std::optional<Identity>> ResolveIdentity(const std::string& user, const std::string& group);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CREDENTIALS_ACCOUNTS_H_
