#include "master/logger/readers/log_lines.h"

#include <algorithm>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "master/logger/lines/line_text.h"
#include "re2/re2.h"

namespace fectl::logger {
namespace {

// Of one service at a time, so that all have their turn.
constexpr size_t kCollectBytes = size_t{256} << 10;

}  // namespace

LogLines::LogLines(proto::LogsRequest request, Registry* registry)
    : request_(std::move(request)), registry_(registry) {}

LogLines::~LogLines() = default;

absl::StatusOr<std::unique_ptr<LogLines>> LogLines::Make(proto::LogsRequest request, Registry* registry) {
  std::unique_ptr<LogLines> lines(new LogLines(std::move(request), registry));
  if (!lines->request_.grep.empty()) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_encoding(re2::RE2::Options::EncodingUTF8);
    lines->grep_ = std::make_unique<re2::RE2>(lines->request_.grep, options);
    if (!lines->grep_->ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", lines->request_.grep, "\" is no regular expression: ", lines->grep_->error()));
    }
  }
  std::string missing;
  lines->logs_ = registry->Named(lines->request_.services, &missing);
  if (!missing.empty()) return absl::NotFoundError(absl::StrCat("there is no service ", missing));
  for (const auto& log : lines->logs_) {
    Of of{.service = log->settings()->name, .end = {}};
    if (const auto after = lines->request_.after.find(of.service); after != lines->request_.after.end()) {
      // The reader has what was there; what it missed is in the ring, or gone.
      // (The numbers are others since the master was started anew.)
      of.end.number = std::max(static_cast<uint64_t>(after->second) + 1, log->block().head->first_number);
    } else {
      of.history = std::make_unique<History>(*log);
      of.end = of.history->end();
    }
    lines->of_.push_back(std::move(of));
  }
  return lines;
}

bool LogLines::IsWanted(const proto::LogLine& line) const {
  if (request_.since_ms.has_value() && line.t_ms < *request_.since_ms) return false;
  if (request_.worker.has_value() && line.worker != *request_.worker) return false;
  return grep_ == nullptr || re2::RE2::PartialMatch(line.message, *grep_);
}

// Whether the line is of the newest process of its place that does not run. The newest line is to be seen
// first.
bool LogLines::IsOfPrevious(const ServiceLog& log, const proto::LogLine& line, bool learns, Of* of) const {
  if (!request_.previous) return true;
  if (line.worker == 0) return false;
  const auto found = of->previous.find(line.worker);
  if (found != of->previous.end()) return found->second == line.pid;
  if (!learns || registry_->IsRunning(log.settings()->service, static_cast<uint32_t>(line.worker - 1),
                                      static_cast<int32_t>(line.pid)))
    return false;
  of->previous[line.worker] = line.pid;
  return true;
}

absl::Status LogLines::PutHistory(const Put& put) {
  std::vector<std::optional<proto::LogLine>> next(of_.size());
  const auto step = [&](size_t i) {
    next[i].reset();
    if (of_[i].history == nullptr) return;
    do {
      next[i] = of_[i].history->Next();
    } while (next[i].has_value() &&
             (!IsOfPrevious(*logs_[i], *next[i], /*learns=*/false, &of_[i]) || !IsWanted(*next[i])));
  };
  for (size_t i = 0; i < of_.size(); ++i) {
    if (of_[i].history == nullptr) continue;
    of_[i].history->GoBack(request_.lines, request_.since_ms, [&](const proto::LogLine& line) {
      return IsOfPrevious(*logs_[i], line, /*learns=*/true, &of_[i]) && IsWanted(line);
    });
    step(i);
  }
  std::deque<proto::LogLine> last;  // where only so many are wanted
  for (;;) {
    size_t first = of_.size();
    for (size_t i = 0; i < of_.size(); ++i) {
      if (next[i].has_value() && (first == of_.size() || next[i]->t_ms < next[first]->t_ms)) first = i;
    }
    if (first == of_.size()) break;
    if (!request_.lines.has_value()) {
      if (absl::Status s = put(*next[first]); !s.ok()) return s;
    } else {
      last.push_back(*std::move(next[first]));
      if (static_cast<int64_t>(last.size()) > *request_.lines) last.pop_front();
    }
    step(first);
  }
  for (const proto::LogLine& line : last) {
    if (absl::Status s = put(line); !s.ok()) return s;
  }
  for (Of& of : of_) of.history.reset();
  return absl::OkStatus();
}

uint64_t LogLines::Collect(const ServiceLog& log, Of* of, std::vector<proto::LogLine>* lines) {
  const std::string records = log.Copy(&of->end.position, kCollectBytes);
  uint64_t lost = 0;
  WalkRecords(records, [&](const RecordHead& head, std::string_view text) {
    if (head.number > of->end.number) lost += head.number - of->end.number;
    ForEachLine(of->service, head, text, [&](proto::LogLine line) {
      const bool known = static_cast<uint64_t>(*line.n) < of->end.number;
      if (!known && IsWanted(line)) lines->push_back(std::move(line));
    });
    of->end.number = std::max(of->end.number, head.number + head.lines);
  });
  return lost;
}

bool LogLines::HasNew() const {
  for (size_t i = 0; i < of_.size(); ++i) {
    if (of_[i].end.position < logs_[i]->end().position) return true;
  }
  return false;
}

absl::Status LogLines::PutNew(const Put& put) {
  if (request_.previous) return absl::OkStatus();
  while (HasNew()) {
    std::vector<proto::LogLine> lines;
    uint64_t lost = 0;
    for (size_t i = 0; i < of_.size(); ++i) lost += Collect(*logs_[i], &of_[i], &lines);
    std::stable_sort(lines.begin(), lines.end(),
                     [](const proto::LogLine& a, const proto::LogLine& b) { return a.t_ms < b.t_ms; });
    if (lost > 0) {
      if (absl::Status s = put(proto::LineGap{lost}); !s.ok()) return s;
    }
    for (const proto::LogLine& line : lines) {
      if (absl::Status s = put(line); !s.ok()) return s;
    }
  }
  return absl::OkStatus();
}

}  // namespace fectl::logger
