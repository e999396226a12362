#ifndef MASTER_EXPLAIN_SPOKEN_H_
#define MASTER_EXPLAIN_SPOKEN_H_

#include <cstdint>
#include <string>

#include "master/core/basis/time.h"

namespace fectl::explain {

// A length of time for a sentence, of at most two units: "0.4 s", "12 s", "3 min 4 s", "5 h 10 min", "3 d 2
// h". Less than nothing is nothing.
std::string Spoken(core::Span span);
std::string SpokenSeconds(int64_t seconds);

// "1 worker", "3 workers".
std::string Counted(uint64_t count, const std::string& noun);

// "3rd".
std::string Ordinal(uint32_t number);

// With a capital letter at its beginning.
std::string Sentence(std::string text);

}  // namespace fectl::explain

#endif  // MASTER_EXPLAIN_SPOKEN_H_
