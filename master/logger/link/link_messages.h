// What the master and its logger say to one another, over a pair of sockets that keeps messages apart. Both
// ends are the same program, so this is no protocol that anything else speaks. Pure.
#ifndef FECTL_MASTER_LOGGER_LINK_LINK_MESSAGES_H_
#define FECTL_MASTER_LOGGER_LINK_LINK_MESSAGES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "master/logger/memory/stage.h"

namespace fectl::logger {

// The kernel takes messages of some 200 KiB.
inline constexpr size_t kLinkMessageBytesMax = size_t{128} << 10;

enum class Target : uint8_t { kFile, kJournald, kConsole, kSyslog };

struct ReaderGrant {
  bool logs = false;  // else events alone
  bool group = false;
  uint32_t id = 0;

  friend bool operator==(const ReaderGrant&, const ReaderGrant&) = default;
};

// To the logger.

// First of all, and when they change.
struct Settings {
  std::string folder{};  // for events and incidents; empty: they are kept in memory alone
  std::string socket{};  // where readers connect; empty: nowhere
  std::vector<ReaderGrant> grants{};
  uint64_t total_bytes = 0;      // of all files of the logs' folders; 0: any
  uint64_t keep_free_bytes = 0;  // of each file system
  uint32_t keep_free_percent = 0;

  friend bool operator==(const Settings&, const Settings&) = default;
};

struct ServiceSettings {
  uint64_t service = 0;
  std::string name{};
  std::vector<Target> to{};
  std::string folder{};
  bool json = false;
  uint64_t max_size = 0;  // of a file; 0: any
  int64_t max_age_s = 0;  // of a closed file; 0: any
  bool compress = false;
  uint64_t line_max = 0;
  std::string journald_socket{};
  std::string syslog_socket{};
  int32_t facility = 0;  // of syslog, as in syslog.h
  bool block = false;    // where nothing can be written, the workers wait; else lines are dropped

  friend bool operator==(const ServiceSettings&, const ServiceSettings&) = default;
};

// With the read end of the pipe.
struct PipeGiven {
  Writer writer{};

  friend bool operator==(const PipeGiven&, const PipeGiven&) = default;
};

// All pipes that there are have been given.
struct AllGiven {
  friend bool operator==(const AllGiven&, const AllGiven&) = default;
};

// Its last lines are written, and its memory is given back.
struct ServiceGone {
  uint64_t service = 0;

  friend bool operator==(const ServiceGone&, const ServiceGone&) = default;
};

struct EventGiven {
  uint64_t sequence = 0;
  std::string json{};

  friend bool operator==(const EventGiven&, const EventGiven&) = default;
};

struct IncidentPiece {
  uint64_t id = 0;
  bool last = false;
  std::string bytes{};

  friend bool operator==(const IncidentPiece&, const IncidentPiece&) = default;
};

struct LastWanted {
  uint64_t question = 0;
  uint64_t service = 0;
  uint32_t worker = 0;
  uint64_t generation = 0;  // 0: of the newest process that has written

  friend bool operator==(const LastWanted&, const LastWanted&) = default;
};

struct Ping {
  friend bool operator==(const Ping&, const Ping&) = default;
};

// Nothing follows, and no pipe is to be waited for: what is there is written, and the logger ends.
struct Leave {
  friend bool operator==(const Leave&, const Leave&) = default;
};

// With the two descriptors of fectld's output and error, where these have changed.
struct ReopenFiles {
  bool streams = false;

  friend bool operator==(const ReopenFiles&, const ReopenFiles&) = default;
};

using ToLogger = std::variant<Settings, ServiceSettings, PipeGiven, AllGiven, ServiceGone, EventGiven,
                              IncidentPiece, LastWanted, ReopenFiles, Leave, Ping>;

// To the master.

// It is alive: the answer to a Ping.
struct Beat {
  friend bool operator==(const Beat&, const Beat&) = default;
};

// Nothing comes from this pipe any more, and all that came is in the logger's memory.
struct PipeEnded {
  Writer writer{};

  friend bool operator==(const PipeEnded&, const PipeEnded&) = default;
};

// All events up to this one are kept.
struct EventsKept {
  uint64_t sequence = 0;

  friend bool operator==(const EventsKept&, const EventsKept&) = default;
};

struct LastGiven {
  uint64_t question = 0;
  std::string lines{};

  friend bool operator==(const LastGiven&, const LastGiven&) = default;
};

// For the log.
struct Said {
  bool error = false;
  std::string text{};

  friend bool operator==(const Said&, const Said&) = default;
};

struct Dropped {
  uint64_t service = 0;
  uint64_t lines = 0;
  std::string why{};

  friend bool operator==(const Dropped&, const Dropped&) = default;
};

// The newest incident that is kept has this number; 0: there is none.
struct IncidentsThere {
  uint64_t newest = 0;

  friend bool operator==(const IncidentsThere&, const IncidentsThere&) = default;
};

using ToMaster = std::variant<Beat, PipeEnded, EventsKept, LastGiven, Said, Dropped, IncidentsThere>;

std::string Encode(const ToLogger& message);
std::string Encode(const ToMaster& message);
// nullopt: the bytes are none.
std::optional<ToLogger> DecodeToLogger(std::string_view bytes);
std::optional<ToMaster> DecodeToMaster(std::string_view bytes);

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_LINK_LINK_MESSAGES_H_
