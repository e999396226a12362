#include "master/config/allow.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace fectl::config {
namespace {

constexpr std::array<std::string_view, 3> kRoles = {"observe", "logs", "operate"};
constexpr std::string_view kWhat =
    R"("observe:", "logs:" or "operate:" and a user or an @group, as in "operate:@deploy")";

std::optional<Grant> ReadGrant(const std::string& entry) {
  const size_t colon = entry.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto* const role = std::find(kRoles.begin(), kRoles.end(), std::string_view(entry).substr(0, colon));
  if (role == kRoles.end()) return std::nullopt;
  std::string who = entry.substr(colon + 1);
  const bool group = who.starts_with('@');
  if (group) who.erase(0, 1);
  const std::optional<Account> account = ReadAccount(who);
  if (!account.has_value()) return std::nullopt;
  return Grant{static_cast<Role>(role - kRoles.begin()), group, *account, std::nullopt};
}

}  // namespace

std::vector<Grant> ReadAllow(SectionReader* reader) {
  std::vector<Grant> grants;
  for (const std::string& entry :
       reader->Strings("allow", /*or_one=*/true).value_or(std::vector<std::string>())) {
    const std::optional<Grant> grant = ReadGrant(entry);
    if (!grant.has_value()) {
      reader->FailWith("allow", kWhat, Value{0, false, entry});
      continue;
    }
    const bool known = std::any_of(grants.begin(), grants.end(), [&](const Grant& other) {
      return other.group == grant->group && other.account == grant->account;
    });
    if (known) {
      const std::string text = ToText(*grant);
      reader->Fail("allow", absl::StrCat("names ", grant->group ? "group " : "user ",
                                         text.substr(text.find(':') + (grant->group ? 2 : 1)),
                                         " twice; operate includes logs, and logs observe"));
      continue;
    }
    grants.push_back(*grant);
  }
  return grants;
}

std::string ToText(const Grant& grant) {
  const std::string_view role = kRoles[static_cast<size_t>(grant.role)];
  const std::string who = grant.account.id.has_value() ? absl::StrCat(*grant.account.id) : grant.account.name;
  return absl::StrCat(absl::string_view(role.data(), role.size()), grant.group ? ":@" : ":", who);
}

}  // namespace fectl::config
