// Every input of testdata/corpus/<target>, once more: those that broke a property before, and those that
// reach each place of the code.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "tools/fuzz/require.h"

namespace fectl::fuzz {
namespace {

TEST(Corpus, EveryInputKeepsTheProperties) {
  const char* const target = std::getenv("FECTL_CORPUS");
  ASSERT_NE(target, nullptr) << "FECTL_CORPUS names a folder below testdata/corpus";
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::string("testdata/corpus/") + target)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ASSERT_GT(files.size(), 10U);
  for (const std::filesystem::path& file : files) {
    // A property that is broken ends the process: the last line says by what.
    std::cerr << file << std::endl;
    std::ostringstream bytes;
    bytes << std::ifstream(file, std::ios::binary).rdbuf();
    const std::string input = bytes.str();
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  }
}

}  // namespace
}  // namespace fectl::fuzz
