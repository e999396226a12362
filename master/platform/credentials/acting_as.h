#ifndef MASTER_PLATFORM_CREDENTIALS_ACTING_AS_H_
#define MASTER_PLATFORM_CREDENTIALS_ACTING_AS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "master/platform/credentials/identity.h"

namespace fectl::platform {

// For as long as this object exists, the process reaches files with the rights of `identity`: for the
// question what that user will be able to open. Only root can do so; for any other process, and without an
// identity, nothing changes. One thread only.
class ActingAs {
 public:
  explicit ActingAs(const Identity* identity);
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;
  ~ActingAs();

 private:
  bool switched_ = false;
  gid_t gid_ = 0;
  std::vector<gid_t> groups_;
};

// The folder that a path's last part is in.
std::string FolderOf(const std::string& path);

// Whether files can be made, renamed and removed in `folder`. True also where that cannot be found out.
bool MayMakeFilesIn(const std::string& folder);

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_CREDENTIALS_ACTING_AS_H_
