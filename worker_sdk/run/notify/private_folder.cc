#include "worker_sdk/run/notify/private_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::run {
namespace {

constexpr char kPrefix[] = "fectl-run-";
constexpr char kProbeSocketFile[] = "probe";
constexpr int kQueue = 16;  // probes come one at a time
// Of a folder for temporary files; with more in it, what was left stays.
constexpr int kEntriesMax = 10'000;

// Bound and closed, as a killed process leaves it. While the file is not there yet, its owner is just
// beginning.
bool IsLeft(const std::string& file) {
  struct stat status = {};
  if (lstat(file.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode) || status.st_uid != geteuid())
    return false;
  const base::UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const base::UnixAddress address(file);
  return connect(fd.get(), address.get(), address.size()) != 0 && errno == ECONNREFUSED;
}

std::string Base() {
  const char* const wanted = secure_getenv("TMPDIR");
  const size_t longest = base::UnixAddress::kPathBytesMax - strlen("/fectl-run-XXXXXX/notify");
  if (wanted != nullptr && wanted[0] == '/' && strlen(wanted) <= longest) return wanted;
  return "/tmp";
}

}  // namespace

void RemoveLeftFolders(const std::string& base) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(base.c_str()), &closedir);
  if (folder == nullptr) return;
  for (int i = 0; i < kEntriesMax; ++i) {
    const dirent* const entry = readdir(folder.get());
    if (entry == nullptr) return;
    if (!std::string_view(entry->d_name).starts_with(kPrefix)) continue;
    const std::string path = absl::StrCat(base, "/", entry->d_name);
    if (!IsLeft(path + "/" + kNotifySocketFile)) continue;
    unlink(absl::StrCat(path, "/", kNotifySocketFile).c_str());
    unlink(absl::StrCat(path, "/", kProbeSocketFile).c_str());
    rmdir(path.c_str());
  }
}

absl::StatusOr<std::unique_ptr<PrivateFolder>> PrivateFolder::Make() {
  const std::string base = Base();
  RemoveLeftFolders(base);
  std::string path = absl::StrCat(base, "/", kPrefix, "XXXXXX");
  if (mkdtemp(path.data()) == nullptr) return absl::ErrnoToStatus(errno, "cannot make a folder in " + base);
  return std::unique_ptr<PrivateFolder>(new PrivateFolder(std::move(path)));
}

PrivateFolder::~PrivateFolder() {
  rmdir(path_.c_str());
}

absl::Status PrivateFolder::Bind(int socket_fd, std::string_view name) const {
  const base::UnixAddress address(File(name));
  if (bind(socket_fd, address.get(), address.size()) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "bind " + File(name));
}

absl::StatusOr<ProbeSocket> ProbeSocket::Open(const PrivateFolder& folder) {
  ProbeSocket made;
  made.listener = base::UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.listener.valid()) return absl::ErrnoToStatus(errno, "socket");
  if (absl::Status bound = folder.Bind(made.listener.get(), kProbeSocketFile); !bound.ok()) return bound;
  const std::string path = folder.File(kProbeSocketFile);
  made.file = base::UniqueFd(open(path.c_str(), O_PATH | O_CLOEXEC));
  const int opened = made.file.valid() ? 0 : errno;
  unlink(path.c_str());
  if (opened != 0) return absl::ErrnoToStatus(opened, "open " + path);
  if (listen(made.listener.get(), kQueue) != 0) return absl::ErrnoToStatus(errno, "listen");
  return made;
}

std::string ProbeSocket::address() const {
  return absl::StrCat("/proc/self/fd/", file.get());
}

}  // namespace fectl::run
