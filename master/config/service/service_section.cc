#include "master/config/service/service_section.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "master/config/command_words.h"
#include "master/config/keys.h"
#include "master/config/logs/logs_section.h"
#include "master/config/rollout/rollout_section.h"
#include "master/config/section_reader.h"
#include "master/config/service/variable_names.h"
#include "master/platform/credentials/capabilities.h"
#include "proto_spec/base/toml_text.h"
#include "proto_spec/program_signs.h"

namespace fectl::config {
namespace {

constexpr int64_t kWorkersMax = 10'000;  // of one service: more than a process table takes with grace
constexpr std::string_view kNumText = R"(an integer from 1 to 10000, or "auto")";
static_assert(kWorkersMax == 10'000);
constexpr int64_t kRestartsMax = 65'535;
// Of a oneshot, as a migration: to kill one that has much to do costs more than to wait for one that hangs.
constexpr int64_t kOneshotTimeoutMs = 3'600'000;

absl::string_view View(std::string_view s) {
  return absl::string_view(s.data(), s.size());
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

// Adds to what `service` has from [defaults]; what the section says of a variable goes before.
void ReadEnviron(SectionReader* reader, ServiceConfig* service) {
  std::set<std::string> names;
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::string> passed_on;
  for (const std::string& entry :
       reader->Strings("environ", /*or_one=*/false).value_or(std::vector<std::string>())) {
    const size_t equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    const bool passed = equals == std::string::npos;
    if (name.empty() || name.find_first_of(" \t\n") != std::string::npos ||
        (passed && !IsVariableName(name))) {
      reader->FailWith("environ",
                       R"(an array of strings like "NAME=value", or "NAME" for a variable of fectld's own)",
                       Value{0, false, entry});
    } else if (IsReservedVariable(name)) {
      reader->Fail("environ", absl::StrCat("must not set ", name, ", which fectld itself sets"));
    } else if (!names.insert(name).second) {
      reader->Fail("environ", absl::StrCat("sets ", name, " twice"));
    } else if (passed) {
      passed_on.push_back(name);
    } else {
      set.emplace_back(name, entry.substr(equals + 1));
    }
  }
  std::erase_if(service->environ, [&](const auto& variable) { return names.contains(variable.first); });
  std::erase_if(service->environ_passed, [&](const std::string& name) { return names.contains(name); });
  service->environ.insert(service->environ.end(), set.begin(), set.end());
  service->environ_passed.insert(service->environ_passed.end(), passed_on.begin(), passed_on.end());
}

void ReadEnvFiles(SectionReader* reader, ServiceConfig* service) {
  std::optional<std::vector<std::string>> files = reader->Strings("env_file", /*or_one=*/true);
  if (!files.has_value()) return;
  const auto wrong = std::find_if(files->begin(), files->end(), [](const std::string& file) {
    return file.empty() || file.ends_with('/');
  });
  if (wrong != files->end()) {
    reader->FailWith("env_file", "the path of a file, or an array of such paths", Value{0, false, *wrong});
    return;
  }
  service->env_files = *std::move(files);
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

// What a oneshot has no use for, with the reason.
void RefuseForOneshot(SectionReader* reader) {
  static constexpr std::pair<std::string_view, std::string_view> kRefused[] = {
      {"startup_timeout", "which does not say that it has loaded: timeout is how long it may run"},
      {"max_lease", "which need not show that it is alive: timeout is how long it may run"},
      {"max_surge", "which no reload replaces"},
      {"rollout", "which no reload replaces"},
      {"recycle", "which ends by itself"},
      {"before_roll", "which no reload replaces"},
      {"ready", "which is ready when it has exited with 0"},
      {"watchdog", "which need not show that it is alive: timeout is how long it may run"},
      {"stop_signal", "which SIGTERM asks to leave"}};
  for (const auto& [key, why] : kRefused) {
    if (reader->Has(key)) reader->Fail(key, absl::StrCat("is not for a oneshot, ", View(why)));
  }
  const Value* num = reader->Find("num");
  const auto* one = num == nullptr ? nullptr : std::get_if<int64_t>(&num->content);
  if (num != nullptr && (one == nullptr || *one != 1)) {
    reader->FailWith("num", "1 for a oneshot, or left out", *num);
  }
}

// The keys that mean the same for every kind of service.
void ReadCommonKeys(SectionReader* reader, ServiceConfig* service) {
  Assign(reader->Path("directory"), &service->directory);
  Assign(reader->Integer("restarts", 0, kRestartsMax), &service->restarts);
  Assign(reader->UserOrGroup("uid"), &service->uid);
  Assign(reader->UserOrGroup("gid"), &service->gid);
  Assign(reader->Milliseconds("timeout"), &service->timeout_ms);
  Assign(reader->Milliseconds("shutdown_timeout"), &service->shutdown_timeout_ms);
  Assign(reader->FilePath("stdout"), &service->stdout_path);
  Assign(reader->FilePath("stderr"), &service->stderr_path);
  ReadEnviron(reader, service);
  Assign(reader->Boolean("no_new_privileges"), &service->no_new_privileges);
  ReadEnvFiles(reader, service);
  Assign(ReadCapabilities(reader), &service->capabilities);
  if (reader->Has("after")) service->after = reader->Names("after");
  if (reader->Has("requires")) service->require = reader->Names("requires");
  Assign(reader->Boolean("autostart"), &service->autostart);
  Assign(reader->Boolean("essential"), &service->essential);
  if (reader->Has("labels")) service->labels = reader->Names("labels");
}

void ReadNum(SectionReader* reader, ServiceConfig* service) {
  const Value* value = reader->Find("num");
  if (value == nullptr) return;
  const auto* text = std::get_if<std::string>(&value->content);
  const auto* number = std::get_if<int64_t>(&value->content);
  service->num_auto = text != nullptr && *text == "auto";
  service->num = 1;
  if (service->num_auto) return;
  if (number != nullptr && *number >= 1 && *number <= kWorkersMax) {
    service->num = static_cast<int>(*number);
    return;
  }
  reader->FailWith("num", kNumText, *value);
}

// Those that are for services whose workers serve until they are told to stop.
void ReadKeysOfWorkers(SectionReader* reader, ServiceConfig* service) {
  ReadNum(reader, service);
  Assign(reader->Milliseconds("startup_timeout"), &service->startup_timeout_ms);
  Assign(reader->Milliseconds("max_lease"), &service->max_lease_ms);
  Assign(reader->Integer("max_surge", 0, kWorkersMax), &service->max_surge);
  if (reader->Has("before_roll")) service->before_roll = reader->NameOf("before_roll");
  Assign(ReadSign(reader, "ready", proto::ParseReady), &service->ready);
  Assign(ReadSign(reader, "watchdog", proto::ParseWatchdog), &service->watchdog);
  Assign(ReadSign(reader, "stop_signal", proto::ParseStopSignal), &service->stop_signal);
}

// A oneshot takes from [defaults] what means the same for it.
ServiceConfig ForOneshot(const ServiceConfig& defaults) {
  const ServiceConfig fresh;
  ServiceConfig service = defaults;
  service.num = fresh.num;
  service.num_auto = fresh.num_auto;
  service.timeout_ms = kOneshotTimeoutMs;
  service.startup_timeout_ms = fresh.startup_timeout_ms;
  service.max_lease_ms = fresh.max_lease_ms;
  service.max_surge = fresh.max_surge;
  service.before_roll = fresh.before_roll;
  service.ready = fresh.ready;
  service.watchdog = fresh.watchdog;
  service.stop_signal = fresh.stop_signal;
  return service;
}

// Where all services follow some, those do not follow themselves.
void FollowNotItself(const SectionReader& reader, ServiceConfig* service) {
  if (!reader.Has("after")) std::erase(service->after, service->name);
  if (!reader.Has("requires")) std::erase(service->require, service->name);
}

ServiceType ReadType(SectionReader* reader) {
  static constexpr std::string_view kTypes[] = {"service", "oneshot"};
  return reader->OneOf("type", kTypes).value_or(0) == 1 ? ServiceType::kOneshot : ServiceType::kService;
}

}  // namespace

ServiceDefaults ReadDefaults(const Table& table, LoadResult* result) {
  SectionReader reader(table, "defaults", "defaults", result);
  ServiceDefaults defaults;
  ReadCommonKeys(&reader, &defaults.values);
  ReadKeysOfWorkers(&reader, &defaults.values);
  for (const auto& [key, value] : table.members) {
    defaults.keys.emplace_back(key, result->lines.FindPlace(absl::StrCat("defaults.", key)));
  }
  return defaults;
}

ServiceConfig ReadService(const Table& table, std::string label, const ServiceDefaults& defaults,
                          LoadResult* result) {
  bool has_num = table.members.contains("num");
  for (const auto& [key, place] : defaults.keys) {
    has_num = has_num || key == "num";
    if (!table.members.contains(key)) result->lines.Set(absl::StrCat(label, ".", key), place);
  }
  SectionReader reader(table, "service", std::move(label), result);
  const std::string name = reader.Name();
  if (name == "all") reader.Fail("name", R"(must not be "all", which means every service in commands)");
  const ServiceType type = ReadType(&reader);
  ServiceConfig service = type == ServiceType::kOneshot ? ForOneshot(defaults.values) : defaults.values;
  service.name = name;
  service.type = type;
  if (type == ServiceType::kService && !has_num) reader.Require("num", kNumText);
  service.command = ReadCommand(&reader);
  service.renamed_from = reader.NameOf("renamed_from");
  if (type == ServiceType::kOneshot) {
    RefuseForOneshot(&reader);
  } else {
    ReadKeysOfWorkers(&reader, &service);
  }
  ReadCommonKeys(&reader, &service);
  if (const Value* logs = reader.Find("logs")) service.logs = ReadServiceLogs(*logs, &reader, result);
  if (const Value* rollout = reader.Find("rollout")) {
    service.rollout = ReadRollout(*rollout, &reader, result);
    // That of the service gives way.
    if (service.rollout.max_surge.has_value() || service.rollout.strategy.has_value()) service.max_surge = 0;
  }
  if (const Value* recycle = reader.Find("recycle")) service.recycle = ReadRecycle(*recycle, &reader, result);
  FollowNotItself(reader, &service);
  return service;
}

}  // namespace fectl::config
