#include "client/watch/reloader.h"

#include <signal.h>

#include <algorithm>
#include <cstddef>

#include "client/session/connect.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

constexpr size_t kNamedMax = 3;

}  // namespace

std::string ChangedText(const std::vector<std::string>& files) {
  std::string text;
  const size_t named = std::min(files.size(), kNamedMax);
  for (size_t i = 0; i < named; ++i) text += (i == 0 ? "" : ", ") + base::EscapeForTerminal(files[i]);
  if (files.size() > named) text += " and " + std::to_string(files.size() - named) + " more";
  return text + " changed";
}

int64_t Reloader::wake_ms() const {
  return running_.has_value() ? kNever : quiet_.due_ms().value_or(kNever);
}

void Reloader::OnReady(int64_t now_ms) {
  const Changes changes = watch_.Take();
  for (const std::string& problem : changes.problems) output_->Err("fectl: " + problem + "\n");
  if (changes.files.empty()) return;
  quiet_.Changed(now_ms);
  for (const std::string& file : changes.files) {
    if (std::ranges::find(changed_, file) == changed_.end()) changed_.push_back(file);
  }
}

void Reloader::OnTime(int64_t now_ms) {
  if (now_ms < wake_ms()) return;
  quiet_.Forget();
  output_->Err("fectl: " + ChangedText(changed_) + "\n");
  changed_.clear();
  // Its line of progress would be torn by what the application and fectld write to the same terminal.
  absl::StatusOr<Child> started = Child::Start({.arguments = command_, .environment = {"TERM=dumb"}});
  if (started.ok()) {
    running_.emplace(*std::move(started));
  } else {
    output_->Err("fectl: " + std::string(started.status().message()) + "\n");
  }
}

std::optional<bool> Reloader::TakeEnd() {
  if (!running_.has_value()) return std::nullopt;
  const std::optional<int> status = running_->TakeEnd();
  if (!status.has_value()) return std::nullopt;
  running_.reset();
  if (!EndedWell(*status)) output_->Err("fectl: the next change is tried again\n");
  return EndedWell(*status);
}

void Reloader::Stop() {
  if (!running_.has_value()) return;
  running_->Signal(SIGTERM);
  running_->AwaitEnd();
  running_.reset();
}

}  // namespace fectl::client
