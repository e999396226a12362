#include "master/config/rollout/rollout_section.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "master/config/logs/amounts.h"

namespace fectl::config {
namespace {

constexpr int64_t kWorkersMost = 10'000;
constexpr int64_t kSecondsMost = int64_t{86'400} * 365;
constexpr int64_t kOldGenerationsMost = 8;  // what a place keeps of those that are leaving
constexpr int64_t kRssLeast = 1 << 20;
constexpr size_t kBoundsMost = 16;
constexpr std::string_view kTimeWhat = R"(seconds, or a time such as "30s", "10m" or "2h")";

absl::string_view View(std::string_view s) {
  return absl::string_view(s.data(), s.size());
}

std::optional<Portion> ReadPortion(SectionReader* reader, std::string_view key) {
  const Value* value = reader->Find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<int64_t>(&value->content);
      number != nullptr && *number >= 0 && *number <= kWorkersMost)
    return Portion{static_cast<int>(*number), false};
  const auto* text = std::get_if<std::string>(&value->content);
  int percent = 0;
  if (text != nullptr && text->ends_with('%') &&
      absl::SimpleAtoi(View(*text).substr(0, text->size() - 1), &percent) && percent >= 0 && percent <= 100)
    return Portion{percent, true};
  reader->FailWith(key, R"(a number of workers, or a part of them such as "25%")", *value);
  return std::nullopt;
}

// With a fraction where it is a number.
std::optional<int64_t> ReadMilliseconds(SectionReader* reader, std::string_view key) {
  const Value* value = reader->Find(key);
  if (value == nullptr) return std::nullopt;
  if (std::holds_alternative<std::string>(value->content)) {
    const std::optional<int64_t> seconds = ReadAmount(reader, key, kAgeUnits, 0, kSecondsMost, kTimeWhat);
    return seconds.has_value() ? std::optional(*seconds * 1000) : std::nullopt;
  }
  if (const auto* number = std::get_if<int64_t>(&value->content); number != nullptr && *number == 0) return 0;
  return reader->Milliseconds(key);
}

std::optional<std::string> ReadNumber(const Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value.content)) return absl::StrCat(*number);
  if (const auto* number = std::get_if<double>(&value.content)) return absl::StrCat(*number);
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> ReadBounds(SectionReader* reader) {
  constexpr std::string_view kWhat =
      "a table of gauges and numbers, such as { errors = 5, \"latency.ms\" = 250 }";
  const Value* value = reader->Find("bounds");
  if (value == nullptr) return {};
  const auto* table = std::get_if<Table>(&value->content);
  if (table == nullptr || table->members.size() > kBoundsMost) {
    reader->FailWith("bounds", kWhat, *value);
    return {};
  }
  std::vector<std::pair<std::string, std::string>> bounds;
  for (const auto& [name, bound] : table->members) {
    std::optional<std::string> number = ReadNumber(bound);
    if (!number.has_value()) {
      reader->FailWith("bounds", absl::StrCat("a number for the gauge ", name), bound);
      continue;
    }
    bounds.emplace_back(name, *std::move(number));
  }
  return bounds;
}

bool IsSome(const std::optional<Portion>& portion) {
  return portion.has_value() && portion->value > 0;
}

// What does not go together.
void CheckRollout(SectionReader* reader, RolloutConfig* rollout) {
  const bool generation = rollout->strategy == RolloutStrategy::kGeneration;
  for (const std::string_view key : {"max_surge", "max_unavailable", "canary"}) {
    if (generation && reader->Has(key))
      reader->Fail(key, R"(is not for the strategy "generation", which replaces all workers together)");
  }
  if (rollout->strategy == RolloutStrategy::kRolling && !reader->Has("max_surge") &&
      rollout->max_unavailable.value == 0)
    rollout->max_surge = Portion{25, true};
  if (rollout->max_surge.has_value() && !IsSome(rollout->max_surge) && rollout->max_unavailable.value == 0)
    reader->Fail("max_surge", "must not be 0 where max_unavailable is: nothing could be replaced");
  if (rollout->auto_promote && rollout->canary.value == 0)
    reader->Fail("auto_promote", "means nothing without canary");
  if (rollout->auto_promote && rollout->canary.value > 0 && rollout->min_ready_ms == 0)
    reader->Fail("auto_promote", "needs min_ready_seconds, or the canary would prove nothing");
  if (!rollout->bounds.empty() && rollout->min_ready_ms == 0 && rollout->bake_ms == 0 &&
      rollout->canary.value == 0)
    reader->Fail("bounds",
                 "are looked at while old workers are kept: set min_ready_seconds, bake_time or canary");
}

const Table* SectionIn(const Value& value, SectionReader* reader, std::string_view key) {
  const auto* table = std::get_if<Table>(&value.content);
  if (table == nullptr) reader->FailWith(key, absl::StrCat("a section [service.", View(key), "]"), value);
  return table;
}

}  // namespace

RolloutConfig ReadRollout(const Value& value, SectionReader* reader, LoadResult* result) {
  static constexpr std::string_view kStrategies[] = {"generation", "rolling"};
  RolloutConfig rollout;
  const Table* table = SectionIn(value, reader, "rollout");
  if (table == nullptr) return rollout;
  SectionReader own(*table, "service.rollout", reader->label() + ".rollout", result);
  if (const std::optional<size_t> strategy = own.OneOf("strategy", kStrategies))
    rollout.strategy = static_cast<RolloutStrategy>(*strategy);
  rollout.max_surge = ReadPortion(&own, "max_surge");
  Assign(ReadPortion(&own, "max_unavailable"), &rollout.max_unavailable);
  Assign(ReadPortion(&own, "canary"), &rollout.canary);
  Assign(own.Boolean("auto_promote"), &rollout.auto_promote);
  Assign(ReadMilliseconds(&own, "min_ready_seconds"), &rollout.min_ready_ms);
  Assign(ReadMilliseconds(&own, "bake_time"), &rollout.bake_ms);
  Assign(ReadAmount(&own, "progress_deadline", kAgeUnits, 0, kSecondsMost, kTimeWhat),
         &rollout.progress_deadline_s);
  Assign(own.Boolean("auto_revert"), &rollout.auto_revert);
  Assign(own.Integer("max_old_generations", 1, kOldGenerationsMost), &rollout.max_old_generations);
  rollout.bounds = ReadBounds(&own);
  CheckRollout(&own, &rollout);
  if (reader->Has("max_surge") && rollout.strategy == RolloutStrategy::kGeneration)
    reader->Fail("max_surge", R"(is not for the strategy "generation" of [service.rollout])");
  return rollout;
}

RecycleConfig ReadRecycle(const Value& value, SectionReader* reader, LoadResult* result) {
  RecycleConfig recycle;
  const Table* table = SectionIn(value, reader, "recycle");
  if (table == nullptr) return recycle;
  SectionReader own(*table, "service.recycle", reader->label() + ".recycle", result);
  Assign(own.Integer("max_requests", 0, int64_t{1} << 50), &recycle.max_requests);
  Assign(ReadAmount(&own, "max_age", kAgeUnits, 0, kSecondsMost, kTimeWhat), &recycle.max_age_s);
  Assign(ReadAmount(&own, "max_rss", kByteUnits, kRssLeast, kBytesMost,
                    R"(a size from "1MiB" on, as in "400MiB")"),
         &recycle.max_rss);
  const Value* jitter = own.Find("jitter");
  if (jitter == nullptr) return recycle;
  const auto* part = std::get_if<double>(&jitter->content);
  const auto* whole = std::get_if<int64_t>(&jitter->content);
  if (part != nullptr && *part >= 0 && *part <= 0.9) {
    recycle.jitter_permille = static_cast<int>(*part * 1000 + 0.5);
  } else if (whole != nullptr && *whole == 0) {
    recycle.jitter_permille = 0;
  } else {
    own.FailWith("jitter", "a part from 0 to 0.9", *jitter);
  }
  return recycle;
}

}  // namespace fectl::config
