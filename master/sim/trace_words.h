#ifndef MASTER_SIM_TRACE_WORDS_H_
#define MASTER_SIM_TRACE_WORDS_H_

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace fectl::sim {

// The words of the language of traces.

// "1.500000000".
std::string Seconds(int64_t ns);
// "1.5" or "30s" or "30": nanoseconds. False: it is none of these.
bool ReadSeconds(std::string_view text, int64_t* ns);

// In quotes. A line's end becomes a blank, since a line is one event.
std::string Quoted(std::string_view words);
// The words of one line; what stands in quotes is one word, without them.
std::vector<std::string> Split(std::string_view line);

// As names are in a configuration. Others could not be told from what stands around them.
bool IsName(std::string_view text);

template <typename Number>
bool ReadNumber(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace fectl::sim

#endif  // MASTER_SIM_TRACE_WORDS_H_
