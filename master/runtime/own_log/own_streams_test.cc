#include "master/runtime/own_log/own_streams.h"

#include "gtest/gtest.h"
#include "master/config/config.h"

namespace fectl::runtime {
namespace {

TEST(WhatADaemonLoses, SILENT_D_TheLogWithoutAFile) {
  config::Config config;
  config.services.resize(2);
  EXPECT_EQ(
      WhatADaemonLoses(config),
      "the log is thrown away, as a daemon has no terminal: name a file for it with stderr in [master], or "
      "with service and name in [logging]");
  config.logging.target = config::LogTarget::kFile;
  EXPECT_EQ(WhatADaemonLoses(config), "");
  config.logging.target = config::LogTarget::kConsole;
  config.master.stderr_path = "my.err";
  EXPECT_EQ(WhatADaemonLoses(config), "");
}

}  // namespace
}  // namespace fectl::runtime
