#ifndef MASTER_PLATFORM_TESTING_TEST_FOLDER_H_
#define MASTER_PLATFORM_TESTING_TEST_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace fectl::platform {

// A new folder for one test, removed with all that is in it. Below /tmp, because a UNIX socket's path must be
// short.
class TestFolder {
 public:
  TestFolder() {
    std::string name = "/tmp/fectl-platform-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) abort();
    path_ = name;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  std::string Write(const std::string& name, const std::string& content) const {
    std::ofstream(*this / name) << content;
    return *this / name;
  }

  std::string Read(const std::string& name) const {
    std::ifstream file(*this / name);
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
  }

  // How many entries there are: a test's way to see that nothing is left behind.
  size_t size() const {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_)) ++count;
    return count;
  }

 private:
  std::string path_;
};

}  // namespace fectl::platform

#endif  // MASTER_PLATFORM_TESTING_TEST_FOLDER_H_
