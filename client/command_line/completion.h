#ifndef FECTL_CLIENT_COMMAND_LINE_COMPLETION_H_
#define FECTL_CLIENT_COMMAND_LINE_COMPLETION_H_

#include <array>
#include <string>
#include <string_view>

namespace fectl::client {

// The shells that CompletionScript() knows.
inline constexpr std::array<std::string_view, 2> kShells = {"bash", "zsh"};

// What a shell has to read so that it completes the words of fectl: commands and options from their tables,
// the names of services from the fectld that is running. `shell` is one of kShells; zsh uses its own way of
// reading bash's.
std::string CompletionScript(std::string_view shell);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_COMMAND_LINE_COMPLETION_H_
