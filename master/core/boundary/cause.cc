#include "master/core/boundary/cause.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "master/core/basis/limits.h"
#include "proto_spec/base/signal_name.h"

namespace fectl::core {
namespace {

std::string MillisecondsInWords(int32_t milliseconds) {
  std::string seconds = std::to_string(milliseconds / 1000);
  if (milliseconds % 1000 == 0) return seconds + " s";
  std::string fraction = std::to_string(1000 + milliseconds % 1000).substr(1);
  while (fraction.back() == '0') fraction.pop_back();
  return seconds + "." + fraction + " s";
}

std::string WithText(std::string_view words, std::string_view separator, const std::string& text) {
  std::string out(words);
  if (!text.empty()) out.append(separator).append(text);
  return out;
}

std::string InBrackets(const std::string& text) {
  return text.empty() ? text : " (" + text + ")";
}

std::string ExitWords(const Cause& cause) {
  std::string words = "exited with code " + std::to_string(cause.number) + InBrackets(cause.text);
  // Codes with a meaning in the worker protocol.
  if (cause.number == 98) return words + " (start-up timed out)";
  if (cause.number == 99) return words + " (initialisation failed)";
  if (cause.number == 100) return words + " (could not boot)";
  return words;
}

}  // namespace

std::string SecondsInWords(Span span) {
  const int64_t tenths = (ToMilliseconds(span) + 50) / 100;
  const std::string whole = std::to_string(tenths / 10);
  return (tenths % 10 == 0 ? whole : whole + "." + std::to_string(tenths % 10)) + " s";
}

Cause MakeCause(Cause::Kind kind, std::string_view text) {
  return Cause{.kind = kind, .text = std::string(text.substr(0, kCauseTextBytes))};
}

Cause MakeCause(Cause::Kind kind, int64_t number) {
  const int64_t shown = std::min<int64_t>(number, std::numeric_limits<int32_t>::max());
  return Cause{.kind = kind, .number = static_cast<int32_t>(shown), .text = {}};
}

Cause MakeSpawnFailed(StartFailure failure, std::string_view text) {
  Cause cause = MakeCause(Cause::Kind::kSpawnFailed, text);
  cause.start_failure = failure;
  return cause;
}

namespace {

std::string_view WordsOfRollout(Cause::Kind kind) {
  if (kind == Cause::Kind::kKept) return "kept until its successor has proven itself";
  if (kind == Cause::Kind::kProven) return "its successor has proven itself";
  if (kind == Cause::Kind::kWentBack) return "the version before it serves again";
  return "an operator ended the rollout";
}

// Causes that have neither a number nor a text.
std::string_view PlainWords(Cause::Kind kind) {
  switch (kind) {
    case Cause::Kind::kMasterStarted:
      return "first start";
    case Cause::Kind::kOperator:
      return "asked for by an operator";
    case Cause::Kind::kMasterStops:
      return "fectld stops";
    case Cause::Kind::kChannelClosed:
      return "closed its pipe to fectld but lives on";
    case Cause::Kind::kAfterFailedStart:
      return "started again after a failed start";
    case Cause::Kind::kAfterCrash:
      return "started again after it was lost";
    case Cause::Kind::kRestored:
      return "goes on as before, since its replacement failed";
    case Cause::Kind::kOtherFailed:
      return "given up, since the replacement of another worker failed";
    case Cause::Kind::kUnkillable:
      return "still exists after SIGKILL: it hangs in the kernel";
    case Cause::Kind::kGroupEnded:
      return "the last process that it had started has ended";
    case Cause::Kind::kToldToStop:
      return "the service is to stop";
    case Cause::Kind::kGaveWay:
      return "an operator starts the service anew";
    case Cause::Kind::kFewerWanted:
    case Cause::Kind::kMoreWanted:
      return kind == Cause::Kind::kMoreWanted ? "more workers are wanted" : "fewer workers are wanted";
    case Cause::Kind::kRemoved:
      return "the service is removed";
    case Cause::Kind::kKept:
    case Cause::Kind::kProven:
    case Cause::Kind::kWentBack:
    case Cause::Kind::kAborted:
      return WordsOfRollout(kind);
    case Cause::Kind::kNone:
    case Cause::Kind::kWorkerAsked:
    case Cause::Kind::kExited:
    case Cause::Kind::kSignaled:
    case Cause::Kind::kStartupTimeout:
    case Cause::Kind::kHeartbeatTimeout:
    case Cause::Kind::kShutdownTimeout:
    case Cause::Kind::kConfigError:
    case Cause::Kind::kSpawnFailed:
    case Cause::Kind::kProtocolViolation:
    case Cause::Kind::kHurried:
    case Cause::Kind::kTooManyLeaving:
    case Cause::Kind::kCrashLoop:
    case Cause::Kind::kRequired:
    case Cause::Kind::kBeforeRoll:
    case Cause::Kind::kRunTimeout:
    case Cause::Kind::kLeaseExpired:
    case Cause::Kind::kFound:
    case Cause::Kind::kRecycled:
    case Cause::Kind::kDisproved:
      break;  // see ToWords()
  }
  return "";
}

}  // namespace

std::string ToWords(const Cause& cause) {
  switch (cause.kind) {
    case Cause::Kind::kWorkerAsked:
      return WithText("asked for by the worker", ": ", cause.text);
    case Cause::Kind::kExited:
      return ExitWords(cause);
    case Cause::Kind::kSignaled:
      return "was killed by " + base::SignalName(cause.number) + InBrackets(cause.text);
    case Cause::Kind::kStartupTimeout:
      return WithText("did not say `loaded` within " + MillisecondsInWords(cause.number), ": ", cause.text);
    case Cause::Kind::kHeartbeatTimeout:
      return WithText("sent no heartbeat for " + MillisecondsInWords(cause.number), ": ", cause.text);
    case Cause::Kind::kShutdownTimeout:
      return "did not exit within " + MillisecondsInWords(cause.number) + " after it was told to";
    case Cause::Kind::kConfigError:
      return WithText("configuration error", ": ", cause.text);
    case Cause::Kind::kSpawnFailed:
      return WithText("could not be started", ": ", cause.text);
    case Cause::Kind::kProtocolViolation:
      return WithText("broke the worker protocol", ": ", cause.text);
    case Cause::Kind::kHurried:
      return "has " + MillisecondsInWords(cause.number) + " left, since the service is restarted";
    case Cause::Kind::kTooManyLeaving:
      return "is ended before its time: more than " + std::to_string(cause.number) +
             " processes of this worker were leaving";
    case Cause::Kind::kCrashLoop:
      return WithText("lost " + std::to_string(cause.number) + " times in a row", "; it ", cause.text);
    case Cause::Kind::kRequired:
      return "required by " + cause.text;
    case Cause::Kind::kBeforeRoll:
      return "run before the workers of " + cause.text + " are replaced";
    case Cause::Kind::kRunTimeout:
      return "ran for longer than " + MillisecondsInWords(cause.number);
    case Cause::Kind::kLeaseExpired:
      return WithText("let its lease of " + MillisecondsInWords(cause.number) + " run out",
                      ", busy with: ", cause.text);
    case Cause::Kind::kRecycled:
      return WithText("recycled", ": ", cause.text);
    case Cause::Kind::kFound:
    case Cause::Kind::kDisproved:
      return cause.text;
    default:
      return std::string(PlainWords(cause.kind));
  }
}

}  // namespace fectl::core
