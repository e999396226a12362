#ifndef FECTL_CLIENT_WATCH_TREE_WATCH_H_
#define FECTL_CLIENT_WATCH_TREE_WATCH_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

struct inotify_event;

namespace fectl::client {

// What has happened to the files that are watched.
struct Changes {
  std::vector<std::string> files{};     // as whoever named the folder or file would write them; each once
  std::vector<std::string> problems{};  // sentences: what will not be seen any more, and why
};

// Sees when files are written, made, renamed or removed: in whole folders those of an application
// (client/watch/watched_name.h), with all folders below but links to folders and virtual environments, also
// those that are made later; and files that are named, whatever their names.
class TreeWatch {
 public:
  // `paths` are folders and files, relative ones taken from `directory` if that is not empty. NotFound and
  // the like for one that cannot be watched; ResourceExhausted, in words for people, where a limit of the
  // system is reached.
  static absl::StatusOr<TreeWatch> Create(const std::vector<std::string>& paths,
                                          const std::string& directory);

  // Readable when something has happened.
  int fd() const { return fd_.get(); }

  // What has happened since the last call, without a wait. Nothing, if all of it was about files that do not
  // count.
  Changes Take();

 private:
  struct Folder {
    std::string path;
    std::string shown;              // how the user would write it; empty: as nothing, before the names in it
    bool is_whole = false;          // all files of an application count, and folders below
    bool is_named = false;          // by the user, itself or a file in it
    std::set<std::string> names{};  // files in it that the user has named
  };

  explicit TreeWatch(base::UniqueFd fd) : fd_(std::move(fd)) {}

  absl::Status AddPath(const std::string& path, const std::string& shown);
  // Watches the folder and those below; adds the files in them that count to `found`, which may be null.
  absl::Status AddTree(const Folder& root, std::vector<std::string>* found);
  absl::Status AddFolder(const Folder& folder);
  // The folders directly in `folder` that are to be watched, too.
  std::vector<Folder> Look(const Folder& folder, std::vector<std::string>* found) const;
  void OnEvent(const inotify_event& event, Changes* changes);
  void OnFolderEvent(const Folder& folder, uint32_t mask, const std::string& name, Changes* changes);
  void OnGone(Folder& folder, Changes* changes);
  void ForgetTree(const std::string& path);
  void LookAnew(Changes* changes);

  base::UniqueFd fd_;
  std::map<int, Folder> folders_;  // by the kernel's number
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_WATCH_TREE_WATCH_H_
