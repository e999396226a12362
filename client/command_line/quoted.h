#ifndef FECTL_CLIENT_COMMAND_LINE_QUOTED_H_
#define FECTL_CLIENT_COMMAND_LINE_QUOTED_H_

#include <string>
#include <string_view>

namespace fectl::client {

// A word of the command line as an error names it: in quotes, and safe to show.
std::string Quoted(std::string_view word);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_COMMAND_LINE_QUOTED_H_
