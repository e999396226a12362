#include "master/evidence/gather.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace fectl::evidence {
namespace {

// No process can trace itself, so this is what is found without the right to; testdata/e2e has the rest.
TEST(Gather, WithoutStacksWritesDownWhyAndHasTheKernelsState) {
  const Findings findings = Gather(getpid());
  ASSERT_FALSE(findings.threads.empty());
  EXPECT_EQ(findings.threads[0].id, getpid());
  EXPECT_TRUE(findings.threads[0].frames.empty());
  EXPECT_FALSE(findings.descriptors.empty());
  EXPECT_FALSE(findings.memory.empty());
  ASSERT_FALSE(findings.missing.empty());
  EXPECT_THAT(findings.missing.back(), testing::StartsWith("its native stacks: ptrace: "));
}

TEST(Gather, OfAProcessThatHasEndedSaysSo) {
  const Findings findings = Gather(1 << 30);
  EXPECT_TRUE(findings.threads.empty());
  ASSERT_EQ(findings.missing.size(), 1U);
  EXPECT_THAT(findings.missing[0], testing::StartsWith("the process: "));
}

}  // namespace
}  // namespace fectl::evidence
