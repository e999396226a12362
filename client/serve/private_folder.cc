#include "client/serve/private_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <utility>

#include "proto_spec/base/path.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/base/unix_address.h"

namespace fectl::client {
namespace {

absl::Status Failed(const std::string& what, int error) {
  const std::string text = what + ": " + strerror(error);
  return absl::InternalError(absl::string_view(text.data(), text.size()));
}

}  // namespace

absl::StatusOr<PrivateFolder> PrivateFolder::Make(const std::vector<std::string>& places) {
  absl::Status why = absl::InternalError("there is no place for temporary files");
  for (const std::string& place : places) {
    if (!place.starts_with('/')) continue;
    std::string path = base::JoinPath(place, "fectl-serve-XXXXXX");
    if (!base::UnixAddress::IsPossible(path + "/fectld.sock")) continue;
    if (mkdtemp(path.data()) != nullptr) return PrivateFolder(std::move(path));
    why = Failed("cannot make a folder in " + base::EscapeForTerminal(place), errno);
  }
  return why;
}

PrivateFolder::PrivateFolder(PrivateFolder&& other) noexcept : path_(std::exchange(other.path_, "")) {}

PrivateFolder::~PrivateFolder() {
  if (path_.empty()) return;
  for (const std::string& file : {config_path(), socket_path(), socket_path() + ".lock"})
    unlink(file.c_str());
  rmdir(path_.c_str());
}

absl::Status PrivateFolder::WriteConfig(const std::string& text) const {
  const base::UniqueFd file(open(config_path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.valid()) return Failed("cannot write " + config_path(), errno);
  for (size_t written = 0; written < text.size();) {
    const ssize_t now = write(file.get(), text.data() + written, text.size() - written);
    if (now < 0 && errno != EINTR) return Failed("cannot write " + config_path(), errno);
    if (now > 0) written += static_cast<size_t>(now);
  }
  return absl::OkStatus();
}

}  // namespace fectl::client
