#ifndef FECTL_CLIENT_TEXT_LAST_LINES_H_
#define FECTL_CLIENT_TEXT_LAST_LINES_H_

#include <string>
#include <string_view>

namespace fectl::client {

// What a process wrote last, below the words of its failure: each line behind "  | ", safe for a terminal.
std::string LastLinesText(std::string_view lines);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_TEXT_LAST_LINES_H_
