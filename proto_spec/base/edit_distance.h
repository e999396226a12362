#ifndef FECTL_PROTO_SPEC_BASE_EDIT_DISTANCE_H_
#define FECTL_PROTO_SPEC_BASE_EDIT_DISTANCE_H_

#include <cstddef>
#include <string_view>

namespace fectl::base {

// The number of typing mistakes between two words: letters too many, missing or wrong, and swaps of two
// neighbours. Upper and lower case of ASCII are the same letter. Costs the product of the lengths, so a
// caller limits them.
size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace fectl::base

#endif  // FECTL_PROTO_SPEC_BASE_EDIT_DISTANCE_H_
