#include "client/watch/tree_watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include "client/watch/watched_name.h"
#include "proto_spec/base/path.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE |
                             IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

absl::string_view View(const std::string& text) {
  return {text.data(), text.size()};
}

absl::Status CannotWatch(const std::string& shown, int error) {
  std::string text = "cannot watch " + base::EscapeForTerminal(shown) + ": ";
  if (error == ENOSPC) {
    text +=
        "this user watches as many folders as the system allows; fs.inotify.max_user_watches is the limit, "
        "as in: sysctl "
        "fs.inotify.max_user_watches=524288";
    return absl::ResourceExhaustedError(View(text));
  }
  text += strerror(error);
  return error == ENOENT ? absl::NotFoundError(View(text)) : absl::FailedPreconditionError(View(text));
}

absl::Status CannotBegin(int error) {
  if (error != EMFILE) return absl::ErrnoToStatus(error, "cannot watch files");
  return absl::ResourceExhaustedError(
      "cannot watch files: this user has as many watching programs as the system allows; "
      "fs.inotify.max_user_instances is the limit, as in: sysctl fs.inotify.max_user_instances=1024");
}

std::string Resolved(const std::string& path) {
  const std::unique_ptr<char, decltype(&free)> whole(realpath(path.c_str(), nullptr), &free);
  return whole == nullptr ? "" : whole.get();
}

struct CloseListing {
  void operator()(DIR* listing) const { closedir(listing); }
};

bool IsFolder(const std::string& path) {
  struct stat found;
  return lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

// A link, or another name of a file, is complete when it is made. Any other file is when its writer closes
// it.
bool IsCompleteWhenMade(const std::string& path) {
  struct stat found;
  return lstat(path.c_str(), &found) == 0 && (S_ISLNK(found.st_mode) || found.st_nlink > 1);
}

bool IsVirtualEnvironment(const std::string& path) {
  return access(base::JoinPath(path, kVirtualEnvironmentMark).c_str(), F_OK) == 0;
}

void AddOnce(std::string text, std::vector<std::string>* texts) {
  if (std::ranges::find(*texts, text) == texts->end()) texts->push_back(std::move(text));
}

}  // namespace

absl::StatusOr<TreeWatch> TreeWatch::Create(const std::vector<std::string>& paths,
                                            const std::string& directory) {
  base::UniqueFd fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd.valid()) return CannotBegin(errno);
  TreeWatch watch(std::move(fd));
  for (const std::string& path : paths) {
    absl::Status added = watch.AddPath(base::JoinPath(directory, path), path);
    if (!added.ok()) return added;
  }
  return watch;
}

absl::Status TreeWatch::AddPath(const std::string& path, const std::string& shown) {
  const std::string folder = Resolved(path);
  if (folder.empty()) return CannotWatch(shown, errno);
  if (IsFolder(folder)) {
    return AddTree({.path = folder, .shown = shown == "." ? "" : shown, .is_whole = true, .is_named = true},
                   nullptr);
  }
  // The name is what counts: an editor, or a linker, puts another file in its place.
  const size_t slash = path.rfind('/');
  const size_t shown_slash = shown.rfind('/');
  const std::string above = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  Folder parent = {.path = Resolved(above),
                   .shown = shown_slash == std::string::npos ? "" : shown.substr(0, shown_slash + 1),
                   .is_named = true};
  parent.names.insert(path.substr(slash == std::string::npos ? 0 : slash + 1));
  return AddFolder(parent);
}

absl::Status TreeWatch::AddFolder(const Folder& folder) {
  const int number = inotify_add_watch(fd_.get(), folder.path.c_str(), kEvents);
  if (number < 0) return CannotWatch(folder.shown.empty() ? folder.path : folder.shown, errno);
  const auto [known, is_new] = folders_.try_emplace(number, folder);
  if (is_new) return absl::OkStatus();
  // It may have been renamed meanwhile.
  known->second.path = folder.path;
  known->second.shown = folder.shown;
  known->second.is_whole = known->second.is_whole || folder.is_whole;
  known->second.is_named = known->second.is_named || folder.is_named;
  known->second.names.insert(folder.names.begin(), folder.names.end());
  return absl::OkStatus();
}

absl::Status TreeWatch::AddTree(const Folder& root, std::vector<std::string>* found) {
  std::vector<Folder> waiting = {root};
  while (!waiting.empty()) {
    const Folder folder = std::move(waiting.back());
    waiting.pop_back();
    // Watched first and looked into after that: nothing is made unseen in between.
    absl::Status added = AddFolder(folder);
    // One that is gone already, or may not be read, holds nothing of the application.
    if (!added.ok() && (folder.is_named || absl::IsResourceExhausted(added))) return added;
    if (!added.ok()) continue;
    std::vector<Folder> below = Look(folder, found);
    std::move(below.begin(), below.end(), std::back_inserter(waiting));
  }
  return absl::OkStatus();
}

std::vector<TreeWatch::Folder> TreeWatch::Look(const Folder& folder, std::vector<std::string>* found) const {
  std::vector<Folder> below;
  const std::unique_ptr<DIR, CloseListing> listing(opendir(folder.path.c_str()));
  if (listing == nullptr) return below;
  while (const dirent* entry = readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    const std::string path = base::JoinPath(folder.path, name);
    const bool is_folder = entry->d_type == DT_DIR || (entry->d_type == DT_UNKNOWN && IsFolder(path));
    if (is_folder && IsWatchedFolder(name) && !IsVirtualEnvironment(path)) {
      below.push_back({.path = path, .shown = base::JoinPath(folder.shown, name), .is_whole = true});
    } else if (!is_folder && found != nullptr && IsWatchedFile(name)) {
      AddOnce(base::JoinPath(folder.shown, name), found);
    }
  }
  return below;
}

Changes TreeWatch::Take() {
  Changes changes;
  alignas(inotify_event) char records[16 * (sizeof(inotify_event) + NAME_MAX + 1)];
  for (ssize_t got; (got = read(fd_.get(), records, sizeof records)) > 0;) {
    for (const char* at = records; at < records + got;) {
      const auto& event = *reinterpret_cast<const inotify_event*>(at);
      OnEvent(event, &changes);
      at += sizeof event + event.len;
    }
  }
  return changes;
}

void TreeWatch::OnEvent(const inotify_event& event, Changes* changes) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) return LookAnew(changes);
  const auto found = folders_.find(event.wd);
  if (found == folders_.end()) return;
  if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) return OnGone(found->second, changes);
  if ((event.mask & IN_IGNORED) != 0) {
    folders_.erase(found);
    return;
  }
  const std::string name = event.len > 0 ? event.name : "";
  // A copy: what is done may forget the folder.
  const Folder folder = found->second;
  if ((event.mask & IN_ISDIR) != 0) {
    if (folder.is_whole) OnFolderEvent(folder, event.mask, name, changes);
    return;
  }
  // It is made soon after the folder, and before all that the folder is going to hold.
  if (name == kVirtualEnvironmentMark && !folder.is_named) return ForgetTree(folder.path);
  if ((event.mask & IN_CREATE) != 0 && !IsCompleteWhenMade(base::JoinPath(folder.path, name))) return;
  // A named file that is removed is about to be made anew, as a linker does it.
  const bool is_there = (event.mask & (IN_DELETE | IN_MOVED_FROM)) == 0;
  if ((folder.names.contains(name) && is_there) || (folder.is_whole && IsWatchedFile(name)))
    AddOnce(base::JoinPath(folder.shown, name), &changes->files);
}

void TreeWatch::OnFolderEvent(const Folder& folder, uint32_t mask, const std::string& name,
                              Changes* changes) {
  const std::string path = base::JoinPath(folder.path, name);
  if ((mask & IN_MOVED_FROM) != 0) {
    ForgetTree(path);
    if (IsWatchedFolder(name)) AddOnce(base::JoinPath(folder.shown, name), &changes->files);
  } else if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0 && IsWatchedFolder(name) &&
             !IsVirtualEnvironment(path)) {
    const absl::Status added = AddTree(
        {.path = path, .shown = base::JoinPath(folder.shown, name), .is_whole = true}, &changes->files);
    if (!added.ok()) AddOnce(std::string(added.message()), &changes->problems);
  }
}

void TreeWatch::OnGone(Folder& folder, Changes* changes) {
  if (!folder.is_named) return;
  folder.is_named = false;  // said once
  changes->problems.push_back(base::EscapeForTerminal(folder.path) +
                              " was removed or renamed: what changes in it from now on is not seen");
}

// A folder that was moved away is still the one that the kernel watches, under a name that is not its own any
// more.
void TreeWatch::ForgetTree(const std::string& path) {
  std::erase_if(folders_, [&](const auto& numbered) {
    const std::string& one = numbered.second.path;
    if (one != path && !one.starts_with(path + "/")) return false;
    inotify_rm_watch(fd_.get(), numbered.first);
    return true;
  });
}

// More has happened than the kernel keeps: what it was is unknown, also which folders are new.
void TreeWatch::LookAnew(Changes* changes) {
  std::vector<Folder> roots;
  for (const auto& [number, folder] : folders_) {
    if (folder.is_whole && folder.is_named) roots.push_back(folder);
  }
  for (const Folder& root : roots) {
    const absl::Status added = AddTree(root, nullptr);
    if (!added.ok()) AddOnce(std::string(added.message()), &changes->problems);
  }
  AddOnce("very many files", &changes->files);
}

}  // namespace fectl::client
