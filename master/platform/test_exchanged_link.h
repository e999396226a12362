#ifndef MASTER_PLATFORM_TEST_EXCHANGED_LINK_H_
#define MASTER_PLATFORM_TEST_EXCHANGED_LINK_H_

#include <unistd.h>

#include <cstdio>
#include <string>

#include "master/platform/test_folder.h"
#include "master/platform/test_process.h"

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

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_TEST_EXCHANGED_LINK_H_
