#include "master/config/sections.h"

#include <algorithm>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "master/config/allow.h"
#include "master/config/command_words.h"
#include "master/config/ipv6_host.h"
#include "master/config/keys.h"
#include "master/config/section_reader.h"
#include "master/platform/credentials/capabilities.h"
#include "proto_spec/base/toml_text.h"
#include "proto_spec/program_signs.h"

namespace fectl::config {
namespace {

constexpr int64_t kWorkersMax =
    10'000;  // of one service: more than a machine's process table takes with grace
constexpr int64_t kRestartsMax = 65'535;
constexpr int64_t kBacklogMax = 65'535;  // the kernel cuts it to net.core.somaxconn
constexpr size_t kNameBytesMax = 64;

absl::string_view View(std::string_view s) {
  return absl::string_view(s.data(), s.size());
}

template <typename T, typename U>
void Assign(std::optional<U> from, T* to) {
  if (from.has_value()) *to = static_cast<T>(*std::move(from));
}

std::string ReadName(SectionReader* reader) {
  reader->Require("name", "1 to 64 letters, digits, '.', '_' or '-'");
  const std::optional<std::string> name = reader->String("name");
  if (!name.has_value()) return "";
  if (name->front() == '-' && IsGoodName(*name)) {
    reader->Warn("name", "begins with a dash: commands take it for an option unless -- stands before it");
  }
  if (IsGoodName(*name)) return *name;
  reader->FailWith("name", "1 to 64 letters, digits, '.', '_' or '-'", *reader->Find("name"));
  return "";
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
  reader->Require(key, R"(a socket of proto "unix" needs a path)");
  Assign(reader->SocketPath(key), &socket->path);
  const std::optional<int64_t> port = reader->Integer("port", 0, 65'535);
  if (port.value_or(0) != 0) reader->Warn("port", R"(means nothing for a socket of proto "unix")");
  socket->mode = ReadMode(reader);
  socket->owner = reader->UserOrGroup("owner");
  socket->group = reader->UserOrGroup("group");
}

void ReadTcpAddress(SectionReader* reader, SocketConfig* socket) {
  reader->Require("port", "an integer from 0 to 65535; 0 is a port that the system chooses");
  Assign(reader->Integer("port", 0, 65'535), &socket->port);
  const std::string_view key = reader->Has("ip") ? "ip" : "host";
  if (reader->Has("ip") && reader->Has("host")) {
    reader->Fail("ip", "is another name of host, which is given too: leave one of them out");
  }
  Assign(reader->String(key), &socket->host);
  if (!socket->host.empty()) {
    const std::string wrong = WhatIsWrongWithHost(socket->host, socket->proto);
    if (!wrong.empty()) {
      reader->Fail(key, wrong);
      socket->port = 0;  // on no address that another socket could have
    }
  }
  for (std::string_view key : {"path", "mode", "owner", "group"}) {
    if (reader->Has(key)) reader->Fail(key, R"(is only for a socket of proto "unix")");
  }
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

std::vector<std::string> ReadCommand(SectionReader* reader) {
  reader->Require("command", "a string, split into words as a shell does, or an array of strings");
  std::optional<std::vector<std::string>> words = reader->Strings("command", /*or_one=*/true);
  if (!words.has_value()) return {};
  if (std::holds_alternative<std::string>(reader->Find("command")->content)) {
    absl::StatusOr<std::vector<std::string>> split = SplitCommand(words->front());
    if (!split.ok()) {
      reader->Fail("command", std::string(split.status().message()));
      return {};
    }
    words = *std::move(split);
  }
  if (words->empty() || words->front().empty()) {
    reader->Fail("command", "must name a program");
    return {};
  }
  return *std::move(words);
}

// What the master itself tells its workers by.
bool IsReservedVariable(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "FECTL_FD",    "FECTL_SRV_NAME", "FECTL_PROC_IDX",         "FECTL_PROC_LANE",
      "FECTL_PROTO", "FECTL_TIMEOUT",  "FECTL_SHUTDOWN_TIMEOUT", "FECTL_SOCKETS"};
  static constexpr std::string_view kPrefixes[] = {"FECTL_FD_", "FECTL_APP_", "FECTL_ARGS_"};
  return std::any_of(std::begin(kNames), std::end(kNames), [&](std::string_view n) { return name == n; }) ||
         std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.substr(0, prefix.size()) == prefix; });
}

bool IsIdentifier(std::string_view name) {
  return !name.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; });
}

void ReadEnviron(SectionReader* reader, ServiceConfig* service) {
  std::set<std::string> names;
  for (const std::string& entry :
       reader->Strings("environ", /*or_one=*/false).value_or(std::vector<std::string>())) {
    const size_t equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    const bool passed = equals == std::string::npos;
    if (name.empty() || name.find_first_of(" \t\n") != std::string::npos || (passed && !IsIdentifier(name))) {
      reader->FailWith("environ",
                       R"(an array of strings like "NAME=value", or "NAME" for a variable of fectld's own)",
                       Value{0, false, entry});
    } else if (IsReservedVariable(name)) {
      reader->Fail("environ", absl::StrCat("must not set ", name, ", which fectld itself sets"));
    } else if (!names.insert(name).second) {
      reader->Fail("environ", absl::StrCat("sets ", name, " twice"));
    } else if (passed) {
      service->environ_passed.push_back(name);
    } else {
      service->environ.emplace_back(name, entry.substr(equals + 1));
    }
  }
}

// Many programs leave the prefix out, and people the end.
std::optional<std::string_view> CapabilityMeantBy(const std::string& upper) {
  const std::string whole = absl::StartsWith(upper, "CAP_") ? upper : "CAP_" + upper;
  for (const std::string_view name : platform::CapabilityNames()) {
    if (whole.size() > 6 && name.starts_with(whole)) return name;
  }
  return ClosestWord(whole, platform::CapabilityNames());
}

std::optional<uint64_t> ReadCapabilities(SectionReader* reader) {
  const std::optional<std::vector<std::string>> words = reader->Strings("capabilities", /*or_one=*/false);
  if (!words.has_value()) return std::nullopt;
  const std::span<const std::string_view> names = platform::CapabilityNames();
  uint64_t set = 0;
  for (const std::string& word : *words) {
    const std::string upper = absl::AsciiStrToUpper(word);
    const auto known = std::find(names.begin(), names.end(), upper);
    if (known != names.end()) {
      set |= platform::SetOf(static_cast<int>(known - names.begin()));
      continue;
    }
    const auto meant = CapabilityMeantBy(upper);
    reader->Fail("capabilities", absl::StrCat("there is no capability \"", absl::Utf8SafeCEscape(word), "\"",
                                              meant ? absl::StrCat(", did you mean \"", View(*meant), "\"?")
                                                    : "; capabilities(7) lists them"));
  }
  return set;
}

// A text that `parse` takes, as written.
template <typename Parse>
std::optional<std::string> ReadSign(SectionReader* reader, std::string_view key, Parse parse) {
  std::optional<std::string> text = reader->String(key);
  if (!text.has_value()) return std::nullopt;
  const auto parsed = parse(*text);
  if (parsed.ok()) return text;
  reader->Fail(key, absl::StrCat(std::string(parsed.status().message()), ", not ", base::TomlString(*text)));
  return std::nullopt;
}

bool IsIpv4Address(std::string_view host) {
  const std::vector<std::string> numbers = absl::StrSplit(View(host), '.');
  return numbers.size() == 4 && std::all_of(numbers.begin(), numbers.end(), [](const std::string& number) {
           int value = 0;
           return !number.empty() && number.size() <= 3 && absl::SimpleAtoi(number, &value) && value <= 255;
         });
}

}  // namespace

bool IsGoodName(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

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

  static constexpr std::string_view kFacilities[] = {
      "auth", "authpriv", "cron",   "daemon", "ftp",    "kern",   "lpr",    "mail",   "news",   "syslog",
      "user", "uucp",     "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"};
  if (const std::optional<size_t> facility =
          reader.OneOf("facility", kFacilities,
                       R"(a facility of syslog, such as "daemon", "user" or "local0" to "local7")")) {
    logging.facility = std::string(kFacilities[*facility]);
  }
  return logging;
}

SocketConfig ReadSocket(const Table& table, std::string label, LoadResult* result) {
  SectionReader reader(table, "socket", std::move(label), result);
  SocketConfig socket;
  socket.name = ReadName(&reader);
  static constexpr std::string_view kProtos[] = {"tcp4", "tcp6", "unix"};
  static constexpr SocketProto kProtoOf[] = {SocketProto::kTcp4, SocketProto::kTcp6, SocketProto::kUnix};
  const std::optional<size_t> proto = reader.OneOf("proto", kProtos);
  if (proto.has_value()) socket.proto = kProtoOf[*proto];
  if (reader.Has("proto") && !proto.has_value()) {
    CheckTypesOfAddress(&reader);
  } else if (socket.proto == SocketProto::kUnix) {
    ReadUnixAddress(&reader, &socket);
  } else {
    ReadTcpAddress(&reader, &socket);
  }
  Assign(reader.Integer("backlog", 1, kBacklogMax), &socket.backlog);
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

ServiceConfig ReadService(const Table& table, std::string label, LoadResult* result) {
  SectionReader reader(table, "service", std::move(label), result);
  ServiceConfig service;
  service.name = ReadName(&reader);
  if (service.name == "all") {
    reader.Fail("name", R"(must not be "all", which means every service in commands)");
  }
  reader.Require("num", absl::StrCat("an integer from 1 to ", kWorkersMax));
  Assign(reader.Integer("num", 1, kWorkersMax), &service.num);
  service.command = ReadCommand(&reader);
  Assign(reader.Path("directory"), &service.directory);
  Assign(reader.Integer("restarts", 0, kRestartsMax), &service.restarts);
  service.uid = reader.UserOrGroup("uid");
  service.gid = reader.UserOrGroup("gid");
  Assign(reader.Milliseconds("timeout"), &service.timeout_ms);
  Assign(reader.Milliseconds("startup_timeout"), &service.startup_timeout_ms);
  Assign(reader.Milliseconds("shutdown_timeout"), &service.shutdown_timeout_ms);
  Assign(reader.FilePath("stdout"), &service.stdout_path);
  Assign(reader.FilePath("stderr"), &service.stderr_path);
  ReadEnviron(&reader, &service);
  Assign(reader.Integer("max_surge", 0, kWorkersMax), &service.max_surge);
  Assign(reader.Boolean("no_new_privileges"), &service.no_new_privileges);
  service.capabilities = ReadCapabilities(&reader);
  service.ready = ReadSign(&reader, "ready", proto::ParseReady);
  service.watchdog = ReadSign(&reader, "watchdog", proto::ParseWatchdog);
  service.stop_signal = ReadSign(&reader, "stop_signal", proto::ParseStopSignal);
  return service;
}

}  // namespace fectl::config
