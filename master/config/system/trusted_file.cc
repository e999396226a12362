#include "master/config/system/trusted_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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

std::string Size(size_t bytes) {
  return bytes >= size_t{1} << 20 ? absl::StrCat(bytes >> 20, " MiB") : absl::StrCat(bytes >> 10, " KiB");
}

absl::StatusOr<std::string> ReadAll(int fd, size_t bytes_max) {
  std::string text;
  char chunk[65536];
  while (text.size() <= bytes_max) {
    const ssize_t got = read(fd, chunk, sizeof chunk);
    if (got == 0) return text;
    if (got > 0) {
      text.append(chunk, static_cast<size_t>(got));
    } else if (errno != EINTR) {
      return absl::ErrnoToStatus(errno, "cannot be read");
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("is larger than ", Size(bytes_max), ": is it the right file?"));
}

// Opens it without waiting for the other end of a pipe, and looks at what was opened, which nobody can
// exchange.
absl::StatusOr<std::string> ReadRegularFile(const std::string& path, size_t bytes_max, struct stat* status) {
  const base::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid() && errno == ENXIO) return absl::InvalidArgumentError("is a socket or a device, not a file");
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot be opened");
  if (fstat(fd.get(), status) != 0) return absl::ErrnoToStatus(errno, "cannot be looked at");
  if (!S_ISREG(status->st_mode)) return absl::InvalidArgumentError(KindOf(status->st_mode));
  return ReadAll(fd.get(), bytes_max);
}

bool IsTrusted(uid_t uid) {
  return uid == 0 || uid == geteuid();
}

std::string OfAnother(const char* what, uid_t uid) {
  return absl::StrCat(what, " user ", uid, ": it must belong to root",
                      geteuid() == 0 ? "" : " or to the user who runs fectld");
}

// FECTLD_TRUST_GROUP, which images for containers set.
bool IsNamedGroup(gid_t group) {
  const char* const named = secure_getenv("FECTLD_TRUST_GROUP");
  return named != nullptr && named == absl::StrCat(group);
}

// Whether members of the file's group are nobody but whom fectld trusts anyway. Never for root, whose
// configuration decides over all users.
bool IsTrustedGroup(const struct stat& opened) {
  if (geteuid() == 0) return false;
  // Images for containers run with any user and a group that all their files belong to, which is root's as a
  // rule; nobody else is in there.
  if (IsNamedGroup(opened.st_gid) || (getpid() == 1 && opened.st_gid == getegid())) return true;
  return opened.st_uid == geteuid() && platform::IsPrivateGroup(opened.st_uid, opened.st_gid);
}

// Who can write it, and what helps; empty: nobody else.
std::string WhoElseWrites(const std::string& path, const struct stat& opened) {
  const mode_t written_by = opened.st_mode & (IsTrustedGroup(opened) ? S_IWOTH : S_IWGRP | S_IWOTH);
  if (written_by == 0) return "";
  const bool everybody = (written_by & S_IWOTH) != 0;
  return absl::StrFormat("can be written by %s (mode %04o): only its owner may be able to; chmod %s %s",
                         everybody ? "everybody" : "its group", opened.st_mode & 07777u,
                         written_by == S_IWGRP   ? "g-w"
                         : written_by == S_IWOTH ? "o-w"
                                                 : "go-w",
                         path);
}

// Whoever can write the file chooses what runs with the rights of the master; so does whoever owns it, and
// whoever owns a link which leads to it. Empty: nobody else.
std::string WhatIsWrongWithOwnership(const std::string& path, const struct stat& opened) {
  if (!IsTrusted(opened.st_uid)) return OfAnother("belongs to", opened.st_uid);
  if (std::string who = WhoElseWrites(path, opened); !who.empty()) return who;
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

absl::StatusOr<TrustedFile> ReadTrustedFile(const std::string& path, size_t bytes_max) {
  struct stat status = {};
  absl::StatusOr<std::string> text = ReadRegularFile(path, bytes_max, &status);
  if (!text.ok()) return text.status();
  return TrustedFile{*std::move(text), WhatIsWrongWithOwnership(path, status)};
}

std::string WhatIsWrongWithFolder(const std::string& path, bool by_pattern) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) {
    return absl::StrCat("there is no folder ", path, ": ", strerror(errno));
  }
  if (!IsTrusted(status.st_uid)) return absl::StrCat(path, " ", OfAnother("belongs to", status.st_uid));
  // Where the sticky bit is set, others cannot exchange what they do not own; but they can add to it.
  if ((status.st_mode & S_ISVTX) != 0 && !by_pattern) return "";
  const std::string who = WhoElseWrites(path, status);
  return who.empty() ? "" : absl::StrCat(path, " ", who);
}

}  // namespace fectl::config
