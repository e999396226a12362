#include "client/text/nearest.h"

#include <algorithm>
#include <cstddef>

#include "proto_spec/base/edit_distance.h"

namespace fectl::client {
namespace {

// Words from people and names from configurations are short; anything longer is not a slip of the finger.
constexpr size_t kWordBytesMax = 64;

// A sentence with more names than this is a list, and there is a command for lists.
constexpr size_t kNamesShownMax = 8;

}  // namespace

std::string Nearest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kWordBytesMax) return "";
  std::string best;
  // A third of the letters may be wrong, and one in the shortest words.
  size_t best_mistakes = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kWordBytesMax) continue;
    const size_t mistakes = base::EditDistance(word, candidate);
    // A word of which nothing is right is no suggestion.
    if (mistakes < best_mistakes && mistakes < candidate.size()) {
      best_mistakes = mistakes;
      best = candidate;
    }
  }
  return best;
}

std::string WhichService(std::string_view name, const std::vector<std::string>& services) {
  if (services.empty()) return "; fectld has no services";
  std::string text;
  if (const std::string nearest = Nearest(name, services); !nearest.empty()) {
    text = "; did you mean " + nearest + "?";
  }
  if (services.size() > kNamesShownMax) return text.empty() ? "; fectl status lists all" : text;
  std::string names;
  for (const std::string& service : services) names += (names.empty() ? "" : ", ") + service;
  return text + " (" + (services.size() == 1 ? "the only service is " : "the services are ") + names + ")";
}

}  // namespace fectl::client
