// A folder for the sockets of one fectl-run, which nobody but its user can enter, and the private socket over
// which a program is asked whether it is well.
#ifndef FECTL_WORKER_SDK_RUN_NOTIFY_PRIVATE_FOLDER_H_
#define FECTL_WORKER_SDK_RUN_NOTIFY_PRIVATE_FOLDER_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::run {

inline constexpr char kNotifySocketFile[] = "notify";

class PrivateFolder {
 public:
  // Below TMPDIR, or /tmp where that is not set or too long a name for sockets. First removes what others of
  // our user have left there because they were killed.
  static absl::StatusOr<std::unique_ptr<PrivateFolder>> Make();
  // Removes it; its files must be gone by then.
  ~PrivateFolder();
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string File(std::string_view name) const { return path_ + "/" + std::string(name); }
  // Gives the socket the address of that file.
  absl::Status Bind(int socket_fd, std::string_view name) const;

 private:
  explicit PrivateFolder(std::string path) : path_(std::move(path)) {}

  const std::string path_;
};

// Removes the folders below `base` whose socket nobody has open any more.
void RemoveLeftFolders(const std::string& base);

// A listening UNIX socket without a name in the file system: only this process, and root, can connect to it.
struct ProbeSocket {
  base::UniqueFd listener;
  // Connecting to /proc/self/fd/N of this one reaches the listener.
  base::UniqueFd file;

  static absl::StatusOr<ProbeSocket> Open(const PrivateFolder& folder);
  std::string address() const;
};

}  // namespace fectl::run

#endif  // FECTL_WORKER_SDK_RUN_NOTIFY_PRIVATE_FOLDER_H_
