#ifndef MASTER_PLATFORM_TESTING_TEST_EXCHANGED_LINK_H_
#define MASTER_PLATFORM_TESTING_TEST_EXCHANGED_LINK_H_

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>

#include "master/platform/testing/test_folder.h"
#include "master/platform/testing/test_process.h"

namespace fectl::platform {

// A symbolic link in a test's folder that somebody points now at one name and now at another one, as fast as
// he can, for as long as this lives. It is always there.
class ExchangedLink {
 public:
  ExchangedLink(const TestFolder& folder, const std::string& link, const std::string& one,
                const std::string& other)
      : path_(folder / link), there_(symlink(one.c_str(), path_.c_str()) == 0), attacker_([this, one, other] {
          const std::string fresh = path_ + ".new";
          while (there_) {
            for (const std::string& target : {other, one}) {
              if (symlink(target.c_str(), fresh.c_str()) != 0) return 1;
              if (rename(fresh.c_str(), path_.c_str()) != 0) return 2;
            }
          }
          return 3;
        }) {}

 private:
  std::string path_;
  bool there_;
  TestProcess attacker_;
};

// Makes a file again and again, until that was done and was refused often. The folder in its path leads, at
// every moment, now to ours and now to a stranger's, where a file of that name lies. `prepare` gets the path
// in ours, to leave there what is to be replaced; `make` gets the other path and returns whether it made the
// file. FECTL_EXCHANGES=100000 (--test_env) is how often at least. False: something in the stranger's folder
// was not left as it was.
template <typename Prepare, typename Make>
bool StrangersFolderStays(Prepare prepare, Make make) {
  const TestFolder folder;
  std::filesystem::create_directory(folder / "own");
  std::filesystem::create_directory(folder / "strange");
  folder.Write("strange/file", "a stranger's");
  const ExchangedLink link(folder, "run", "own", "strange");
  int made = 0;
  int refused = 0;
  const char* wanted = std::getenv("FECTL_EXCHANGES");
  const int tries = wanted == nullptr ? 1000 : std::atoi(wanted);
  for (int i = 0; i < tries || made < 100 || refused < 100; ++i) {
    prepare(folder / "own/file");
    ++(make(folder / "run/file") ? made : refused);
    if (folder.Read("strange/file") != "a stranger's") return false;
  }
  return std::distance(std::filesystem::directory_iterator(folder / "strange"), {}) == 1;
}

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_TESTING_TEST_EXCHANGED_LINK_H_
