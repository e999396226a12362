#include "master/evidence/process_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace fectl::evidence {
namespace {

TEST(ProcessFiles, ShowThisOne) {
  const auto files = ProcessFiles::Open(getpid());
  ASSERT_TRUE(files.ok());
  size_t more = 7;
  const std::vector<Thread> threads = files->Threads(&more);
  ASSERT_FALSE(threads.empty());
  EXPECT_EQ(more, 0U);
  EXPECT_EQ(threads[0].id, getpid());
  EXPECT_FALSE(threads[0].name.empty());
  EXPECT_EQ(threads[0].state, 'R');
  EXPECT_TRUE(files->ProcessorTicks(getpid()).has_value());
  const auto descriptors = files->Descriptors();
  ASSERT_TRUE(descriptors.ok());
  EXPECT_FALSE(descriptors->empty());
  const auto memory = files->Memory();
  EXPECT_TRUE(
      std::any_of(memory.begin(), memory.end(), [](const auto& one) { return one.first == "VmRSS"; }));
}

TEST(ProcessFiles, AThreadThatIsNotThereHasNoTicks) {
  const auto files = ProcessFiles::Open(getpid());
  ASSERT_TRUE(files.ok());
  EXPECT_FALSE(files->ProcessorTicks(1).has_value());
}

TEST(ProcessFiles, AProcessThatIsNotThereIsToldByItsPath) {
  const auto files = ProcessFiles::Open(1 << 30);
  ASSERT_FALSE(files.ok());
  EXPECT_THAT(std::string(files.status().message()), testing::HasSubstr("/proc/1073741824"));
}

}  // namespace
}  // namespace fectl::evidence
