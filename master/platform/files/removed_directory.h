#ifndef MASTER_PLATFORM_FILES_REMOVED_DIRECTORY_H_
#define MASTER_PLATFORM_FILES_REMOVED_DIRECTORY_H_

#include <string>

namespace fectl::platform {

// "fectld's current directory, /srv/app, was removed" if `error` is ENOENT, `path` is relative, and that is
// so: then every relative path is missing, whatever has come into the directory's place. Else empty.
std::string DirectoryWasRemoved(int error, const std::string& path);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_FILES_REMOVED_DIRECTORY_H_
