#ifndef FECTL_CLIENT_TEXT_TIME_TEXT_H_
#define FECTL_CLIENT_TEXT_TIME_TEXT_H_

#include <cstdint>
#include <string>

namespace fectl::client {

// How long something has lasted, as one short word of at most two units: "12s", "3m4s", "5h10m", "3d2h".
// Less than nothing is shown as "0s".
std::string ShortDuration(double seconds);

// How long an operation took, for a sentence: "42 ms", "1.2 s", "12 s", "3 min 4 s".
std::string SpokenDuration(int64_t milliseconds);

// A wall-clock time as the log of fectld has it: "2024-05-01T12:00:01Z". "-" where it is no possible time.
std::string UtcTime(double unix_seconds);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_TEXT_TIME_TEXT_H_
