#include "worker_sdk/c/fectl.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <string.h>

#include <limits>

namespace {

TEST(CInterface, AloneItDoesNothing) {
  unsetenv("FECTL_FD");
  fectl_worker* const worker = fectl_open(nullptr, 0, nullptr, nullptr, 0);
  ASSERT_NE(worker, nullptr);
  EXPECT_EQ(fectl_managed(worker), 0);
  EXPECT_EQ(fectl_fd(worker), -1);
  EXPECT_EQ(fectl_timeout_ms(worker), -1);
  EXPECT_EQ(fectl_socket(worker, "http"), -1);
  EXPECT_EQ(fectl_socket(worker, nullptr), -1);
  fectl_loaded(worker);
  fectl_beat(worker);
  fectl_lease(worker, 1000, nullptr, 1);
  fectl_lease(worker, 0, "", 0);
  fectl_status(worker, "at work");
  fectl_stopping(worker, nullptr);
  EXPECT_EQ(fectl_gauge(worker, "open", 1), 0);
  EXPECT_EQ(fectl_gauge(worker, "no good name", 1), -1);
  EXPECT_EQ(fectl_gauge(worker, "open", std::numeric_limits<double>::infinity()), -1);
  EXPECT_EQ(fectl_dispatch(worker), 0);
  fectl_close(worker);
  fectl_close(nullptr);
}

TEST(CInterface, WhatIsWrongIsCutToItsRoom) {
  setenv("FECTL_FD", "nonsense", 1);
  char error[20];
  memset(error, 'x', sizeof error);
  EXPECT_EQ(fectl_open(nullptr, 0, nullptr, error, sizeof error), nullptr);
  EXPECT_EQ(strlen(error), sizeof error - 1);
  EXPECT_EQ(fectl_open(nullptr, 0, nullptr, nullptr, 0), nullptr);
  unsetenv("FECTL_FD");
}

}  // namespace
