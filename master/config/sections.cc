#include "master/config/sections.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "master/config/allow.h"
#include "master/config/facilities.h"
#include "master/config/ipv6_host.h"
#include "master/config/section_reader.h"

namespace fectl::config {
namespace {

constexpr int64_t kBacklogMax = 65'535;  // the kernel cuts it to net.core.somaxconn

absl::string_view View(std::string_view s) {
  return absl::string_view(s.data(), s.size());
}

// Permission bits: `0o660` or "660". An integer without 0o would be read as a decimal number, which nobody
// means.
std::optional<uint32_t> ReadMode(SectionReader* reader) {
  const Value* value = reader->Find("mode");
  if (value == nullptr) return std::nullopt;
  int64_t mode = -1;
  if (const auto* integer = std::get_if<int64_t>(&value->content); integer != nullptr && value->octal)
    mode = *integer;
  if (const auto* text = std::get_if<std::string>(&value->content)) {
    std::string_view digits = *text;
    if (digits.substr(0, 2) == "0o") digits.remove_prefix(2);
    const bool octal = !digits.empty() && digits.size() <= 4 &&
                       digits.find_first_not_of("01234567") == std::string_view::npos;
    if (octal) {
      mode = 0;
      for (char digit : digits) mode = mode * 8 + (digit - '0');
    }
  }
  if (mode >= 0 && mode <= 0777) return static_cast<uint32_t>(mode);
  reader->FailWith("mode", R"(permission bits such as "660" or 0o660)", *value);
  return std::nullopt;
}

void ReadUnixAddress(SectionReader* reader, SocketConfig* socket) {
  if (reader->Has("ip")) reader->Fail("ip", R"(is not for a socket of proto "unix", which has a path)");
  if (reader->Has("path") && reader->Has("host")) reader->Fail("host", "cannot be given besides path");
  const std::string_view key = !reader->Has("path") && reader->Has("host") ? "host" : "path";
  if (!socket->from_systemd) reader->Require(key, R"(a socket of proto "unix" needs a path)");
  Assign(reader->SocketPath(key), &socket->path);
  const std::optional<int64_t> port = reader->Integer("port", 0, 65'535);
  if (port.value_or(0) != 0) reader->Warn("port", R"(means nothing for a socket of proto "unix")");
  if (socket->from_systemd) return;
  socket->mode = ReadMode(reader);
  socket->owner = reader->UserOrGroup("owner");
  socket->group = reader->UserOrGroup("group");
}

void ReadTcpAddress(SectionReader* reader, SocketConfig* socket) {
  if (!socket->from_systemd)
    reader->Require("port", "an integer from 0 to 65535; 0 is a port that the system chooses");
  Assign(reader->Integer("port", 0, 65'535), &socket->port);
  const std::string_view host_key = reader->Has("ip") ? "ip" : "host";
  if (reader->Has("ip") && reader->Has("host")) {
    reader->Fail("ip", "is another name of host, which is given too: leave one of them out");
  }
  Assign(reader->String(host_key), &socket->host);
  if (!socket->host.empty()) {
    const std::string wrong = WhatIsWrongWithHost(socket->host, socket->proto);
    if (!wrong.empty()) {
      reader->Fail(host_key, wrong);
      socket->port = 0;  // on no address that another socket could have
    }
  }
  for (std::string_view key : {"path", "mode", "owner", "group"}) {
    const bool told = socket->from_systemd && key != "path";
    if (reader->Has(key) && !told) reader->Fail(key, R"(is only for a socket of proto "unix")");
  }
}

// The file and the queue of what systemd opens are as its unit says.
void ReadFrom(SectionReader* reader, SocketConfig* socket) {
  static constexpr std::string_view kFroms[] = {"systemd"};
  socket->from_systemd = reader->OneOf("from", kFroms).has_value();
  if (!socket->from_systemd) return;
  static constexpr std::pair<std::string_view, std::string_view> kOfTheUnit[] = {
      {"backlog", "Backlog"}, {"mode", "SocketMode"}, {"owner", "SocketUser"}, {"group", "SocketGroup"}};
  for (const auto& [key, directive] : kOfTheUnit) {
    if (reader->Has(key)) {
      reader->Fail(key, absl::StrCat("cannot be given with from = \"systemd\": it is ", View(directive),
                                     "= of the .socket unit"));
    }
  }
  const bool says_nothing =
      !reader->Has("proto") && !reader->Has("host") && !reader->Has("ip") && !reader->Has("port");
  if (says_nothing) socket->proto = SocketProto::kAny;
}

// With a proto that nobody knows, nobody knows which of these there must be.
void CheckTypesOfAddress(SectionReader* reader) {
  reader->String("host");
  reader->String("ip");
  reader->Integer("port", 0, 65'535);
  reader->SocketPath("path");
  ReadMode(reader);
  reader->UserOrGroup("owner");
  reader->UserOrGroup("group");
}

bool IsIpv4Address(std::string_view host) {
  const std::vector<std::string> numbers = absl::StrSplit(View(host), '.');
  return numbers.size() == 4 && std::all_of(numbers.begin(), numbers.end(), [](const std::string& number) {
           int value = 0;
           return !number.empty() && number.size() <= 3 && absl::SimpleAtoi(number, &value) && value <= 255;
         });
}

}  // namespace

std::string WhatIsWrongWithHost(std::string_view host, SocketProto proto) {
  const bool digits_and_dots = host.find_first_not_of("0123456789.") == std::string_view::npos;
  if (host == "*") return "must be left out for all addresses, not \"*\"";
  if (host.find_first_of("[]") != std::string_view::npos) return "must be an address without brackets";
  if (const size_t colon = host.find(':'); colon != std::string_view::npos) {
    const bool only_one = host.find(':', colon + 1) == std::string_view::npos;
    if (only_one || host.find_first_not_of("0123456789abcdefABCDEF:.") < host.find('%')) {
      return "must be a host name or an address; the port has a key of its own";
    }
    if (proto == SocketProto::kTcp4) {
      return R"(must be a host name or an IPv4 address; an IPv6 address needs proto = "tcp6")";
    }
    return WhatIsWrongWithIpv6(std::string(host));
  }
  if (digits_and_dots && proto == SocketProto::kTcp6) {
    return R"(must be a host name or an IPv6 address; an IPv4 address needs proto = "tcp4")";
  }
  if (digits_and_dots && !IsIpv4Address(host)) return "must be a host name or an address such as 127.0.0.1";
  const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
  });
  return plain && host.size() <= 253 ? "" : "must be a host name or an address";
}

MasterConfig ReadMaster(const Table& table, std::string label, LoadResult* result) {
  SectionReader reader(table, "master", std::move(label), result);
  MasterConfig master;
  Assign(reader.SocketPath("sock"), &master.sock);
  Assign(reader.Path("directory"), &master.directory);
  Assign(reader.FilePath("pid"), &master.pid);
  master.uid = reader.UserOrGroup("uid");
  master.gid = reader.UserOrGroup("gid");
  Assign(reader.FilePath("stdout"), &master.stdout_path);
  Assign(reader.FilePath("stderr"), &master.stderr_path);
  master.allow = ReadAllow(&reader);
  static constexpr std::string_view kOnFailure[] = {"stay", "exit"};
  master.exit_on_failure = reader.OneOf("on_failure", kOnFailure).value_or(0) == 1;
  Assign(reader.Milliseconds("stop_delay"), &master.stop_delay_ms);
  Assign(reader.FilePath("termination_message"), &master.termination_message);
  return master;
}

LoggingConfig ReadLogging(const Table& table, std::string label, LoadResult* result) {
  SectionReader reader(table, "logging", std::move(label), result);
  LoggingConfig logging;
  static constexpr std::string_view kLevels[] = {"off", "error", "warning", "warn", "info", "debug", "trace"};
  static constexpr LogLevel kLevelOf[] = {LogLevel::kOff,     LogLevel::kError, LogLevel::kWarning,
                                          LogLevel::kWarning, LogLevel::kInfo,  LogLevel::kDebug,
                                          LogLevel::kTrace};
  if (const std::optional<size_t> level = reader.OneOf("level", kLevels)) logging.level = kLevelOf[*level];

  const std::optional<std::string> service = reader.String("service");
  if (service.has_value()) {
    if (*service == "file") {
      logging.target = LogTarget::kFile;
      reader.Require("name", R"(with service = "file" it is the path of the log file)");
    } else if (*service == "syslog") {
      logging.target = LogTarget::kSyslog;
    } else if (*service != "console") {
      // Older files have any word here, which never had a meaning.
      reader.Warn("service", R"(is taken as "console": known are "console", "file" and "syslog")");
    }
  }
  const bool file = logging.target == LogTarget::kFile;
  Assign(file ? reader.FilePath("name") : reader.Path("name"), &logging.name);

  if (const std::optional<size_t> facility = reader.OneOf("facility", kFacilities, kFacilityWhat))
    logging.facility = std::string(kFacilities[*facility]);
  return logging;
}

SocketConfig ReadSocket(const Table& table, std::string label, LoadResult* result) {
  SectionReader reader(table, "socket", std::move(label), result);
  SocketConfig socket;
  socket.name = reader.Name();
  static constexpr std::string_view kProtos[] = {"tcp4", "tcp6", "unix"};
  static constexpr SocketProto kProtoOf[] = {SocketProto::kTcp4, SocketProto::kTcp6, SocketProto::kUnix};
  const std::optional<size_t> proto = reader.OneOf("proto", kProtos);
  if (proto.has_value()) socket.proto = kProtoOf[*proto];
  ReadFrom(&reader, &socket);
  if (reader.Has("proto") && !proto.has_value()) {
    CheckTypesOfAddress(&reader);
  } else if (socket.proto == SocketProto::kUnix) {
    ReadUnixAddress(&reader, &socket);
  } else {
    ReadTcpAddress(&reader, &socket);
  }
  if (!socket.from_systemd) Assign(reader.Integer("backlog", 1, kBacklogMax), &socket.backlog);
  Assign(reader.Strings("service", /*or_one=*/true), &socket.services);
  const Value* services = reader.Find("service");
  if (services != nullptr && std::holds_alternative<Array>(services->content) &&
      std::get<Array>(services->content).items.empty()) {
    reader.Warn("service", "is empty, which means every service, as if it were left out");
  }
  socket.app = reader.String("app");
  Assign(reader.Strings("arguments", /*or_one=*/false), &socket.arguments);
  return socket;
}

}  // namespace fectl::config
