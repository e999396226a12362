#ifndef FECTL_CLIENT_TEXT_LAST_LINES_H_
#define FECTL_CLIENT_TEXT_LAST_LINES_H_

#include <string>
#include <string_view>
#include <vector>

namespace fectl::client {

// Each line of it, without its newline, marked by "| " and safe for a terminal.
std::vector<std::string> MarkedLines(std::string_view lines);

// What a process wrote last, as it is shown below the words of its failure.
std::string LastLinesText(std::string_view lines);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_TEXT_LAST_LINES_H_
