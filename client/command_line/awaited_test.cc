#include "client/command_line/awaited.h"

#include <gtest/gtest.h>

namespace fectl::client {
namespace {

TEST(ReadAwaited, TakesFourForms) {
  EXPECT_EQ(ReadAwaited("version=8")->version, 8);
  for (const char* word : {"ready", "stopped", "failed"}) EXPECT_TRUE(ReadAwaited(word).has_value()) << word;
  for (const char* word :
       {"", "running", "version", "version=", "version=0", "version=x", "version=8 ", "Ready"})
    EXPECT_FALSE(ReadAwaited(word).has_value()) << word;
}

}  // namespace
}  // namespace fectl::client
