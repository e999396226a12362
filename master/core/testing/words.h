#ifndef MASTER_CORE_TESTING_WORDS_H_
#define MASTER_CORE_TESTING_WORDS_H_

#include <string_view>

#include "master/core/boundary/effects.h"

namespace fectl::core {

// What tests call the parts of effects: "start", "TERM", "Started".
std::string_view Word(Order order);
std::string_view Word(Sig sig);
std::string_view Word(Answer answer);

}  // namespace fectl::core

#endif  // MASTER_CORE_TESTING_WORDS_H_
