#ifndef FECTL_PROTO_SPEC_BASE_PATH_H_
#define FECTL_PROTO_SPEC_BASE_PATH_H_

#include <string>
#include <string_view>

namespace fectl::base {

// What `path` means in `directory`: itself where it is absolute, or the directory is empty (the current one).
// Nothing is resolved or shortened.
std::string JoinPath(std::string_view directory, std::string_view path);

// What stands before the last slash, "/" included where that is all; empty: no slash.
std::string FolderPart(std::string_view path);

}  // namespace fectl::base

#endif  // FECTL_PROTO_SPEC_BASE_PATH_H_
