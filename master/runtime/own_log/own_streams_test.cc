#include "master/runtime/own_log/own_streams.h"

#include "gtest/gtest.h"
#include "master/config/config.h"

namespace fectl::runtime {
namespace {

TEST(WhatADaemonLoses, SILENT_D_TheLogAndTheErrorsOfWorkersWithoutAFile) {
  config::Config config;
  config.services.resize(2);
  EXPECT_EQ(WhatADaemonLoses(config),
            "the log and the standard error of workers are thrown away, as a daemon has no terminal: name a "
            "file for "
            "them with stderr in [master], or for the log with service and name in [logging]");
  config.logging.target = config::LogTarget::kFile;
  config.services[0].stderr_path = "web.err";
  EXPECT_EQ(WhatADaemonLoses(config),
            "the standard error of workers is thrown away, as a daemon has no terminal: name a file for it "
            "with stderr "
            "in [master]");
  config.services[1].stderr_path = "api.err";
  EXPECT_EQ(WhatADaemonLoses(config), "");
  config.logging.target = config::LogTarget::kConsole;
  EXPECT_EQ(WhatADaemonLoses(config).substr(0, 22), "the log is thrown away");
  config.services[0].stderr_path.clear();
  config.master.stderr_path = "my.err";
  EXPECT_EQ(WhatADaemonLoses(config), "");
}

}  // namespace
}  // namespace fectl::runtime
