#ifndef FECTL_CLIENT_SESSION_SELECTION_H_
#define FECTL_CLIENT_SESSION_SELECTION_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/session/session.h"
#include "proto_spec/control_status.h"

namespace fectl::client {

// A word that stands for services instead of being the name of one: with * (any characters, or none) or ?
// (any one character) in it, or a label behind @. No name of a service has these characters.
bool IsSelector(std::string_view word);

// Whether the selector stands for the service.
bool Selects(std::string_view selector, const proto::ServiceView& service);

struct SelectedService {
  std::string name;
  bool by_name = true;  // false: only by a selector

  friend bool operator==(const SelectedService&, const SelectedService&) = default;
};

// What the words stand for, each service once, in the order of the words, and those of a selector in the
// master's. The master is asked for its services only where a word is a selector. An error: a selector that
// stands for none, or a master that cannot tell.
absl::StatusOr<std::vector<SelectedService>> Select(Session& session, const std::vector<std::string>& words);

// The one service that the word stands for; an error where there are several. `command`: what takes only one,
// for the words of that error.
absl::StatusOr<std::string> SelectOne(Session& session, const std::string& word, std::string_view command);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SESSION_SELECTION_H_
