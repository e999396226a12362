#ifndef FECTL_CLIENT_TEXT_NEAREST_H_
#define FECTL_CLIENT_TEXT_NEAREST_H_

#include <string>
#include <string_view>
#include <vector>

namespace fectl::client {

// The candidate which `word` was probably meant to be: the one with the fewest typing mistakes (a letter too
// many, missing, wrong, or two swapped; upper and lower case count as the same), or "" when none is close.
std::string Nearest(std::string_view word, const std::vector<std::string>& candidates);

// What follows "there is no such service": "; did you mean web?" and the services which there are, as long
// as they are few enough to be read. The names come as they were given: escape the result.
std::string WhichService(std::string_view name, const std::vector<std::string>& services);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_TEXT_NEAREST_H_
