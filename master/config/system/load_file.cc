#include "master/config/system/load_file.h"

#include <glob.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "master/config/parse.h"
#include "master/config/system/env_files.h"
#include "master/config/system/trusted_file.h"
#include "master/platform/process/processors.h"
#include "proto_spec/base/path.h"

namespace fectl::config {
namespace {

constexpr int kWorkersMax = 10'000;  // as of `num` in the file

bool IsPattern(const std::string& path) {
  return path.find_first_of("*?[") != std::string::npos;
}

// The folder's own name may have characters that mean something in a pattern.
std::string Escaped(const std::string& folder) {
  std::string escaped;
  for (const char c : folder) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

// In byte order, so that the same files make the same configuration everywhere.
std::vector<std::string> Matching(const std::string& pattern) {
  glob_t found = {};
  std::vector<std::string> paths;
  if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Reads what a main file includes.
class Includer {
 public:
  explicit Includer(const std::string& main) : main_(main), folder_(base::FolderPart(main)) {}

  std::vector<SourceFile> Read(const std::string& pattern, std::string* wrong) {
    const std::string whole = base::JoinPath(folder_, pattern);
    std::vector<std::string> paths;
    if (IsPattern(pattern)) {
      paths = Matching(base::JoinPath(Escaped(folder_), pattern));
      std::erase(paths, main_);
    } else {
      paths.push_back(whole);
    }
    std::vector<SourceFile> files;
    std::vector<std::string> folders;
    for (const std::string& path : paths) {
      const std::string folder = base::FolderPart(path).empty() ? "." : base::FolderPart(path);
      if (std::find(folders.begin(), folders.end(), folder) == folders.end()) folders.push_back(folder);
    }
    for (const std::string& folder : folders) {
      if (std::string why = WhatIsWrongWithFolder(folder, IsPattern(pattern)); !why.empty()) {
        *wrong = std::move(why);
        return {};
      }
    }
    files.reserve(paths.size());
    for (const std::string& path : paths) files.push_back(ReadOne(path));
    return files;
  }

 private:
  SourceFile ReadOne(const std::string& path) {
    SourceFile file{path, "", {}};
    absl::StatusOr<TrustedFile> read = ReadTrustedFile(path, kConfigBytesMax);
    if (!read.ok()) {
      file.problems.emplace_back(read.status().message());
      return file;
    }
    if (!read->distrust.empty()) file.problems.push_back(read->distrust);
    bytes_ += read->text.size();
    if (bytes_ > kConfigBytesMax) {
      file.problems.push_back(absl::StrCat("is not read: all included files together are larger than ",
                                           kConfigBytesMax >> 20, " MiB"));
    } else {
      file.text = std::move(read->text);
    }
    return file;
  }

  const std::string main_;
  const std::string folder_;
  size_t bytes_ = 0;
};

void ResolveProcessors(LoadResult* result) {
  int processors = 0;
  for (ServiceConfig& service : result->config.services) {
    if (!service.num_auto) continue;
    if (processors == 0) processors = std::min(platform::UsableProcessors(), kWorkersMax);
    service.num = processors;
  }
}

}  // namespace

LoadResult LoadFile(const std::string& path) {
  const absl::StatusOr<TrustedFile> main = ReadTrustedFile(path, kConfigBytesMax);
  if (!main.ok()) {
    LoadResult result;
    result.file = path;
    result.files.push_back(path);
    result.problems.push_back({path, 0, "", std::string(main.status().message()), false});
    return result;
  }
  Includer includer(path);
  // What a file includes that others can write is nobody's business.
  const ReadIncluded read = [&includer](const std::string& pattern, std::string* wrong) {
    return includer.Read(pattern, wrong);
  };
  LoadResult result = main->distrust.empty() ? Parse(main->text, path, read) : Parse(main->text, path);
  if (!main->distrust.empty()) {
    result.problems.push_back({path, 0, "", main->distrust, false});
    return result;
  }
  ReadEnvFiles(&result);
  ResolveProcessors(&result);
  return result;
}

}  // namespace fectl::config
