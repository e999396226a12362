#include "master/config/system/load_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "master/config/parse.h"
#include "master/platform/credentials/accounts.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::config {
namespace {

const char* KindOf(mode_t mode) {
  if (S_ISDIR(mode)) return "is a directory, not a file";
  if (S_ISFIFO(mode)) return "is a pipe, not a file";
  if (S_ISSOCK(mode)) return "is a socket, not a file";
  return "is a device, not a file";
}

absl::StatusOr<std::string> ReadAll(int fd) {
  std::string text;
  char chunk[65536];
  while (text.size() <= kConfigBytesMax) {
    const ssize_t got = read(fd, chunk, sizeof chunk);
    if (got == 0) return text;
    if (got > 0) {
      text.append(chunk, static_cast<size_t>(got));
    } else if (errno != EINTR) {
      return absl::ErrnoToStatus(errno, "cannot be read");
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("is larger than ", kConfigBytesMax >> 20, " MiB: is it the right file?"));
}

// Opens it without waiting for the other end of a pipe, and looks at what was opened, which nobody can
// exchange.
absl::StatusOr<std::string> ReadRegularFile(const std::string& path, struct stat* status) {
  const base::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid() && errno == ENXIO) return absl::InvalidArgumentError("is a socket or a device, not a file");
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot be opened");
  if (fstat(fd.get(), status) != 0) return absl::ErrnoToStatus(errno, "cannot be looked at");
  if (!S_ISREG(status->st_mode)) return absl::InvalidArgumentError(KindOf(status->st_mode));
  return ReadAll(fd.get());
}

bool IsTrusted(uid_t uid) {
  return uid == 0 || uid == geteuid();
}

std::string OfAnother(const char* what, uid_t uid) {
  return absl::StrCat(what, " user ", uid, ": it must belong to root",
                      geteuid() == 0 ? "" : " or to the user who runs fectld");
}

// Whether members of the file's group are nobody but whom fectld trusts anyway. Never for root, whose
// configuration decides over all users.
bool IsTrustedGroup(const struct stat& opened) {
  if (geteuid() == 0) return false;
  // Images for containers run with any user and a group that all their files belong to; nobody else is in
  // there.
  if (getpid() == 1 && opened.st_gid == getegid()) return true;
  return opened.st_uid == geteuid() && platform::IsPrivateGroup(opened.st_uid, opened.st_gid);
}

// Whoever can write the file chooses what runs with the rights of the master; so does whoever owns it, and
// whoever owns a link which leads to it. Empty: nobody else.
std::string WhatIsWrongWithOwnership(const std::string& path, const struct stat& opened) {
  if (!IsTrusted(opened.st_uid)) return OfAnother("belongs to", opened.st_uid);
  const mode_t written_by = opened.st_mode & (IsTrustedGroup(opened) ? S_IWOTH : S_IWGRP | S_IWOTH);
  if (written_by != 0) {
    return absl::StrFormat("can be written by %s (mode %04o): only its owner may be able to; chmod go-w %s",
                           (written_by & S_IWOTH) != 0 ? "everybody" : "its group", opened.st_mode & 07777u,
                           path);
  }
  // Looked at after the opening, and compared with what was opened: an exchange in between shows.
  struct stat named = {};
  if (lstat(path.c_str(), &named) != 0) return "was removed while it was read";
  if (S_ISLNK(named.st_mode)) {
    return IsTrusted(named.st_uid) ? "" : OfAnother("is a symbolic link of", named.st_uid);
  }
  const bool same = named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
  return same || IsTrusted(named.st_uid) ? "" : OfAnother("was exchanged by", named.st_uid);
}

}  // namespace

LoadResult LoadFile(const std::string& path) {
  struct stat status = {};
  const absl::StatusOr<std::string> text = ReadRegularFile(path, &status);
  if (!text.ok()) {
    LoadResult result;
    result.file = path;
    result.problems.push_back({path, 0, "", std::string(text.status().message()), false});
    return result;
  }
  LoadResult result = Parse(*text, path);
  const std::string wrong = WhatIsWrongWithOwnership(path, status);
  if (!wrong.empty()) result.problems.push_back({path, 0, "", wrong, false});
  return result;
}

}  // namespace fectl::config
