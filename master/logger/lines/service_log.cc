#include "master/logger/lines/service_log.h"

#include <algorithm>
#include <utility>

namespace fectl::logger {

bool WritesTo(const ServiceSettings& settings, Target target) {
  return std::find(settings.to.begin(), settings.to.end(), target) != settings.to.end();
}

ServiceLog::SettingsPtr ServiceLog::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void ServiceLog::Change(ServiceSettings settings) {
  const std::lock_guard lock(mutex_);
  for (const Target target : settings.to) {
    if (WritesTo(*settings_, target)) continue;
    sink(target).position = ring_.newest();
    sink(target).number = ring_.next_number();
  }
  settings_ = std::make_shared<const ServiceSettings>(std::move(settings));
}

uint64_t ServiceLog::written() const {
  const std::lock_guard lock(mutex_);
  return WrittenTo();
}

uint64_t ServiceLog::WrittenTo() const {
  uint64_t position = ring_.newest();
  for (const Target target : settings_->to) position = std::min<uint64_t>(position, sink(target).position);
  return position;
}

bool ServiceLog::Take(Stage::Rules rules, bool patient, Stage* stage) {
  const std::lock_guard lock(mutex_);
  rules.line_max = settings_->line_max;
  if (settings_->block || patient) rules.keep_from = WrittenTo();
  const uint64_t before = ring_.newest();
  const bool all = stage->Move(rules, &ring_);
  if (ring_.newest() != before) {
    for (Bell* const bell : bells_) bell->Ring();
  }
  return all;
}

std::string ServiceLog::Copy(uint64_t* position, size_t bytes_max) const {
  const std::lock_guard lock(mutex_);
  return ring_.Copy(position, bytes_max);
}

ServiceLog::End ServiceLog::end() const {
  const std::lock_guard lock(mutex_);
  return {ring_.newest(), ring_.next_number()};
}

std::optional<RecordHead> ServiceLog::last() const {
  const std::lock_guard lock(mutex_);
  return ring_.last();
}

void ServiceLog::AddBell(Bell* bell) {
  const std::lock_guard lock(mutex_);
  bells_.insert(bell);
}

void ServiceLog::RemoveBell(Bell* bell) {
  const std::lock_guard lock(mutex_);
  bells_.erase(bell);
}

void ServiceLog::NoteWritten() const {
  if (room_ != nullptr) room_->Ring();
}

}  // namespace fectl::logger
