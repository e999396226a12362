#include "client/text/nearest.h"

#include <algorithm>
#include <cstddef>

namespace fectl::client {
namespace {

// Words from people and names from configurations are short; anything longer is not a slip of the finger.
constexpr size_t kWordBytesMax = 64;

// A sentence with more names than this is a list, and there is a command for lists.
constexpr size_t kNamesShownMax = 8;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

size_t Mistakes(std::string_view a, std::string_view b) {
  std::vector<size_t> two_back(b.size() + 1), back(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) back[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t wrong = Lower(a[i - 1]) == Lower(b[j - 1]) ? 0 : 1;
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, back[j - 1] + wrong});
      const bool swapped =
          i > 1 && j > 1 && Lower(a[i - 1]) == Lower(b[j - 2]) && Lower(a[i - 2]) == Lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    std::swap(two_back, back);
    std::swap(back, row);
  }
  return back[b.size()];
}

}  // namespace

std::string Nearest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kWordBytesMax) return "";
  std::string best;
  // A third of the letters may be wrong, and one in the shortest words.
  size_t best_mistakes = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kWordBytesMax) continue;
    const size_t mistakes = Mistakes(word, candidate);
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
