#include "client/init/findings.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "client/init/program_file.h"
#include "client/init/python_source.h"

namespace fectl::client {
namespace {

namespace fs = std::filesystem;

// An application's module is one of the first two levels of packages, in src or not.
constexpr int kDepthMax = 3;
// More is no project's folder but somebody's home. The second bounds what is read.
constexpr size_t kFilesMax = 5'000;
constexpr size_t kSourceBytesMax = size_t{1} << 20;
// Programs with the symbols of all their libraries are large.
constexpr size_t kProgramBytesMax = size_t{512} << 20;

constexpr std::string_view kVirtual[] = {".venv", "venv", "env"};
// Where builds put programs.
constexpr std::string_view kProgramFolders[] = {"",
                                                "bin",
                                                "build",
                                                "build/bin",
                                                "out",
                                                "dist",
                                                "target/release",
                                                "target/debug",
                                                "cmake-build-release",
                                                "cmake-build-debug",
                                                "bazel-bin"};

std::string Read(const fs::path& path, size_t bytes_max) {
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  if (failed || size > bytes_max) return "";
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// The entries of a folder, sorted, so that the answer is the same on every machine.
std::vector<fs::directory_entry> Entries(const fs::path& folder) {
  std::error_code failed;
  std::vector<fs::directory_entry> entries;
  fs::directory_iterator at(folder, fs::directory_options::skip_permission_denied, failed);
  for (; !failed && at != fs::directory_iterator() && entries.size() < kFilesMax; at.increment(failed))
    entries.push_back(*at);
  std::ranges::sort(entries, {}, [](const fs::directory_entry& entry) { return entry.path(); });
  return entries;
}

bool IsCppSource(const fs::path& path) {
  const std::string kind = path.extension();
  return kind == ".cc" || kind == ".cpp" || kind == ".cxx" || kind == ".h" || kind == ".hpp";
}

class Walk {
 public:
  explicit Walk(fs::path root) : root_(std::move(root)) {}

  void Into(const fs::path& folder, int depth) {
    for (const fs::directory_entry& entry : Entries(folder)) {
      if (++files_ > kFilesMax) return;
      std::error_code failed;
      const std::string name = entry.path().filename();
      if (entry.is_directory(failed)) {
        const bool is_link = entry.is_symlink(failed);
        if (depth < kDepthMax && !is_link && !IsLeftOut(name)) Into(entry.path(), depth + 1);
      } else if (name.ends_with(".py") && !name.starts_with("test_") && !name.ends_with("_test.py")) {
        TakeModule(entry.path());
      } else if (IsCppSource(entry.path())) {
        for (std::string& socket : SocketsAskedFor(Read(entry.path(), kSourceBytesMax))) {
          if (std::ranges::find(found_.sockets, socket) == found_.sockets.end())
            found_.sockets.push_back(std::move(socket));
        }
      }
    }
  }

  Findings Take() {
    std::ranges::stable_sort(found_.applications, {}, [](const PythonFinding& one) {
      const std::string_view name = one.name;
      // A function that may make an application, after those that are one.
      return std::pair(one.framework.empty(), ModuleRank(name.substr(0, name.find(':'))));
    });
    return std::move(found_);
  }

  void Programs() {
    for (const std::string_view place : kProgramFolders) {
      for (const fs::directory_entry& entry : Entries(root_ / place)) {
        std::error_code failed;
        constexpr auto kExecutable = fs::perms::owner_exec;
        if (!entry.is_regular_file(failed)) continue;
        if ((entry.status(failed).permissions() & kExecutable) == fs::perms::none) continue;
        const std::string name = entry.path().filename();
        const ProgramKind kind = KindOfProgram(name, Read(entry.path(), kProgramBytesMax));
        if (kind == ProgramKind::kNone) continue;
        const std::string folder = place.empty() ? "./" : "./" + std::string(place) + "/";
        found_.programs.push_back({folder + name, kind == ProgramKind::kWorker});
      }
    }
    std::ranges::stable_sort(found_.programs, {}, [](const ProgramFinding& one) { return !one.is_worker; });
  }

  void Python() {
    for (const std::string_view place : kVirtual) {
      std::error_code failed;
      const fs::path python = fs::path(place) / "bin/python3";
      if (fs::exists(root_ / place / "pyvenv.cfg", failed) && fs::exists(root_ / python, failed)) {
        found_.python = python;
        return;
      }
    }
  }

 private:
  void TakeModule(const fs::path& path) {
    const std::string file = path.lexically_relative(root_.empty() ? "." : root_);
    const bool in_src = file.starts_with("src/");
    const std::string module = ModuleName(std::string_view(file).substr(in_src ? 4 : 0));
    if (module.empty()) return;
    for (const NamedApplication& one : ApplicationsIn(Read(path, kSourceBytesMax))) {
      found_.applications.push_back(
          {.name = module + ":" + one.name, .file = file, .framework = one.framework, .is_in_src = in_src});
    }
  }

  const fs::path root_;
  size_t files_ = 0;
  Findings found_;
};

}  // namespace

bool IsWorkerProgram(const std::string& path) {
  const std::string name = fs::path(path).filename();
  return KindOfProgram(name, Read(path, kProgramBytesMax)) == ProgramKind::kWorker;
}

Findings LookThrough(const std::string& folder) {
  Walk walk(folder.empty() ? "." : folder);
  walk.Into(folder.empty() ? "." : folder, 0);
  walk.Programs();
  walk.Python();
  return walk.Take();
}

}  // namespace fectl::client
