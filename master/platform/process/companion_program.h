#ifndef FECTL_MASTER_PLATFORM_PROCESS_COMPANION_PROGRAM_H_
#define FECTL_MASTER_PLATFORM_PROCESS_COMPANION_PROGRAM_H_

#include <string>
#include <vector>

namespace fectl::platform {

// Where a program that is installed, or built, together with this one may be: in the same folder; in the bin
// beside its sbin; and in `build_folder` of Bazel's tree, which is relative to its root, where this program
// is one folder below.
std::vector<std::string> CompanionCandidates(const std::string& own_path, const std::string& name,
                                             const std::string& build_folder);

// The first of them that can be executed; the first of all where none can, so that a start says what is
// missing.
std::string CompanionProgram(const std::string& name, const std::string& build_folder);

}  // namespace fectl::platform

#endif  // FECTL_MASTER_PLATFORM_PROCESS_COMPANION_PROGRAM_H_
