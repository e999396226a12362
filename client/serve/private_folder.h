#ifndef FECTL_CLIENT_SERVE_PRIVATE_FOLDER_H_
#define FECTL_CLIENT_SERVE_PRIVATE_FOLDER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fectl::client {

// A folder that only this user can enter, for the files of one fectld: its configuration, its control socket,
// and the lock beside that. It is removed with them in the end.
class PrivateFolder {
 public:
  // In the first of `places` (absolute paths, which may be empty) where that is possible and where a path is
  // not too long for a socket.
  static absl::StatusOr<PrivateFolder> Make(const std::vector<std::string>& places);
  PrivateFolder(PrivateFolder&& other) noexcept;
  PrivateFolder& operator=(PrivateFolder&&) = delete;
  ~PrivateFolder();

  std::string config_path() const { return path_ + "/fectld.toml"; }
  std::string socket_path() const { return path_ + "/fectld.sock"; }

  absl::Status WriteConfig(const std::string& text) const;

 private:
  explicit PrivateFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SERVE_PRIVATE_FOLDER_H_
