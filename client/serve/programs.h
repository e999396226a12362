#ifndef FECTL_CLIENT_SERVE_PROGRAMS_H_
#define FECTL_CLIENT_SERVE_PROGRAMS_H_

#include <string>

#include "absl/status/statusor.h"

namespace fectl::client {

// Where fectld is: beside `own_path`, which is fectl's; in ../sbin or ../master of that folder, where a
// package and a build have it; or in `search_path`, a PATH whose relative entries are below `directory`.
// NotFound, in words for people.
absl::StatusOr<std::string> FindMaster(const std::string& own_path, const std::string& directory,
                                       const std::string& search_path);

// The folder with the package fectl_worker which a build puts beside the programs; empty: there is none.
std::string FindPythonSite(const std::string& own_path);

// The absolute path of a program: `name` has a slash, and is taken from `directory`, or is looked up in
// `search_path`. Links stay, as a virtual environment is known by its own. NotFound, in words for people.
absl::StatusOr<std::string> FindProgram(const std::string& name, const std::string& directory,
                                        const std::string& search_path);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SERVE_PROGRAMS_H_
