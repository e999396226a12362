#include "master/logger/sinks/sink.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fectl::logger {
namespace {

// One call of write(2), and what is copied for it.
constexpr size_t kBatchBytes = size_t{128} << 10;

std::string WithCommas(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

}  // namespace

std::string Sink::Notice(uint64_t lost, int64_t now_ms) const {
  const std::string lines = absl::StrCat(WithCommas(lost), lost == 1 ? " line" : " lines", " dropped");
  if (failing_since_ms_ == 0) return absl::StrCat(lines, ": they came faster than they could be written");
  return absl::StrCat(lines, ": ", failure_, " for ", (now_ms - failing_since_ms_ + 999) / 1000, " s");
}

bool Sink::WriteSome(int64_t now_ms) {
  const ServiceLog::SettingsPtr settings = log_->settings();
  if (!WritesTo(*settings, target_) || now_ms < retry_at_ms_) return false;
  if (log_->end().position <= state().position) return false;
  if (absl::Status prepared = Prepare(*settings); !prepared.ok()) {
    Fail(*settings, prepared, now_ms);
    return false;
  }
  Batch batch;
  batch.next_position = state().position;
  batch.records = log_->Copy(&batch.next_position, kBatchBytes);
  if (batch.records.empty()) return false;
  uint64_t first = UINT64_MAX;
  WalkRecords(batch.records, [&](const RecordHead& head, std::string_view /*text*/) {
    first = std::min(first, head.number);
    batch.next_number = head.number + head.lines;
  });
  const uint64_t lost = first > state().number ? first - state().number : 0;
  if (lost > 0) batch.notice = Notice(lost, now_ms);
  const absl::Status written = Write(*settings, batch, now_ms);
  if (lost > 0 && state().number >= first) observer_->OnDropped(settings->service, lost, batch.notice);
  if (!written.ok()) {
    Fail(*settings, written, now_ms);
    return false;
  }
  if (failing_since_ms_ != 0) {
    observer_->OnSaid(false, absl::StrCat(Trouble(*settings), ": that is over after ",
                                          (now_ms - failing_since_ms_ + 999) / 1000, " s"));
  }
  failing_since_ms_ = 0;
  retry_at_ms_ = 0;
  log_->NoteWritten();
  return true;
}

void Sink::NoteWritten(const Batch& batch) {
  state().position = batch.next_position;
  state().number = batch.next_number;
}

void Sink::Fail(const ServiceSettings& settings, const absl::Status& why, int64_t now_ms) {
  retry_at_ms_ = now_ms + kRetryMs;
  failure_ = std::string(why.message());
  if (failing_since_ms_ != 0) return;
  failing_since_ms_ = now_ms;
  observer_->OnSaid(true,
                    absl::StrCat(Trouble(settings), ": ", failure_, "; ",
                                 settings.block ? "its workers wait until they can be written"
                                                : "the last MiB is kept in memory, older lines are dropped"));
}

}  // namespace fectl::logger
