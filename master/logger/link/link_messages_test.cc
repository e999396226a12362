#include "master/logger/link/link_messages.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

namespace fectl::logger {
namespace {

constexpr Writer kWriter = {.service = 3, .worker = 2, .generation = 99, .pid = 4711, .stream = Stream::kErr};

TEST(LinkMessages, EachIsReadAsItWasWritten) {
  const std::vector<ToLogger> to_logger = {
      Settings{.folder = "/var/log/x y",
               .socket = "/run/s.logs",
               .grants = {{.logs = true, .group = true, .id = 5}, {.id = 7}},
               .total_bytes = 1,
               .keep_free_bytes = 2,
               .keep_free_percent = 3},
      ServiceSettings{.service = 1,
                      .name = "web",
                      .to = {Target::kFile, Target::kSyslog},
                      .folder = "logs",
                      .json = true,
                      .max_size = 50,
                      .max_age_s = 14,
                      .compress = true,
                      .line_max = 1024,
                      .journald_socket = "j",
                      .syslog_socket = "s",
                      .facility = 152,
                      .block = true},
      PipeGiven{kWriter},
      AllGiven{},
      ServiceGone{4},
      EventGiven{17, R"({"seq":17})"},
      IncidentPiece{.id = 1, .last = true, .bytes = std::string("\0\n", 2)},
      LastWanted{.question = 1, .service = 2, .worker = 3, .generation = 4},
      Leave{},
      Ping{},
      ReopenFiles{.streams = true},
  };
  for (const ToLogger& message : to_logger)
    EXPECT_EQ(DecodeToLogger(Encode(message)), message) << message.index();
  EXPECT_EQ(to_logger.size(), std::variant_size_v<ToLogger>);
  const std::vector<ToMaster> to_master = {
      Beat{},
      PipeEnded{kWriter},
      EventsKept{18},
      LastGiven{.question = 1, .lines = "a\nb\n"},
      Said{.error = true, .text = "x"},
      Dropped{.service = 1, .lines = 1204, .why = "full"},
      IncidentsThere{.newest = 17},
  };
  for (const ToMaster& message : to_master)
    EXPECT_EQ(DecodeToMaster(Encode(message)), message) << message.index();
  EXPECT_EQ(to_master.size(), std::variant_size_v<ToMaster>);
}

TEST(LinkMessages, WhatIsCutOffOrTooLongIsNone) {
  const std::string whole =
      Encode(ToLogger(ServiceSettings{.name = "web", .to = {Target::kFile}, .folder = "f"}));
  for (size_t bytes = 0; bytes < whole.size(); ++bytes)
    EXPECT_FALSE(DecodeToLogger(whole.substr(0, bytes)).has_value()) << bytes;
  EXPECT_FALSE(DecodeToLogger(whole + "x").has_value());
  EXPECT_FALSE(DecodeToLogger("\x7f").has_value());
  EXPECT_FALSE(DecodeToMaster("\x7f").has_value());
}

}  // namespace
}  // namespace fectl::logger
