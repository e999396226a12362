// What level 3 says of changes of the configuration: the answers to `Plan` and `Apply`. Member names on the
// wire equal the field names here. Plain values, and their JSON.
#ifndef FECTL_PROTO_SPEC_CONTROL_PLAN_H_
#define FECTL_PROTO_SPEC_CONTROL_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proto_spec/json/json_text.h"
#include "proto_spec/json/json_tree.h"

namespace fectl::proto {

// One key of fectld.toml. The values are TOML; both are empty where they are not to be shown, as those of
// environment variables.
struct KeyChangeView {
  std::string key{};
  std::string before{};  // empty: it was not set
  std::string after{};   // empty: it is not set any more

  friend bool operator==(const KeyChangeView&, const KeyChangeView&) = default;
};

// What happens to one service, socket or section.
struct ChangeView {
  std::string section{};  // service, socket, master or logging
  std::string name{};     // of the service or socket
  // live, scale, roll, add, remove, rename, rebind; restart: it needs a restart of fectld.
  std::string kind{};
  std::string words{};  // what that means here, for people
  std::vector<KeyChangeView> keys{};
  std::vector<std::string> rolls{};  // of a socket: services whose workers are replaced for it

  friend bool operator==(const ChangeView&, const ChangeView&) = default;
};

struct PlanView {
  std::string id{};     // of what would be done; other changes, or another running version, have another one
  std::string file{};   // that was read
  int64_t version = 0;  // of the configuration that runs; after an Apply: that runs now
  std::vector<ChangeView> changes{};
  int untouched = 0;       // services and sockets that stay as they are
  std::string refused{};   // why it cannot be applied; empty: it can
  std::string warnings{};  // of the configuration, a line each
  // Of an Apply: what became of it. Empty for a Plan, else done, started (it goes on) or failed.
  std::string outcome{};
  std::string failure{};  // where it has failed: what, and what it means for the rest

  friend bool operator==(const PlanView&, const PlanView&) = default;
};

void AppendPlanMembers(const PlanView& plan, JsonText* json);
// Absent members keep what they have. False where one has another type.
bool ReadPlanMembers(const JsonTree::Value& object, PlanView* plan);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_CONTROL_PLAN_H_
