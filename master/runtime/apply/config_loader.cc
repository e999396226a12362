#include "master/runtime/apply/config_loader.h"

#include <unistd.h>

#include <csignal>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "master/config/transport.h"
#include "master/platform/children/launcher.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::runtime {

absl::Status ConfigLoader::Start(const std::string& file) {
  base::UniqueFd write;
  if (absl::Status s = output_.Open(&write); !s.ok()) return s;
  platform::LaunchSpec spec;
  // The program that runs, even where its file was replaced meanwhile.
  spec.executable = "/proc/self/exe";
  spec.argv = {"fectld", "--load", file};
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
    spec.environment.emplace_back(*variable);
  spec.directory = directory_;
  const platform::PreparedLaunch launch(std::move(spec));
  platform::LaunchOutcome outcome = launch.Launch({.stdout_fd = write.get()});
  if (auto* const error = std::get_if<platform::LaunchError>(&outcome)) {
    return absl::UnavailableError("fectld --load cannot be started: " + error->ToString());
  }
  child_ = children_->Adopt(std::move(std::get<platform::LaunchResult>(outcome)), this);
  return absl::OkStatus();
}

void ConfigLoader::Load(const std::string& file, core::Instant now, Done done) {
  done_ = std::move(done);
  ended_.clear();
  deadline_ = now + kLoadLimit;
  failed_ = Start(file);
}

void ConfigLoader::OnChildExit(platform::Child& /*child*/, const platform::ExitStatus& status) {
  output_.ReadAll();
  output_.Stop();
  ended_ = status.ToString();
}

absl::StatusOr<config::LoadResult> ConfigLoader::Result() {
  if (!failed_.ok()) return failed_;
  if (!output_.state().ok()) return output_.state();
  if (ended_.empty()) {
    return absl::DeadlineExceededError(absl::StrCat(
        "the configuration could not be read within ", kLoadLimit.ns / 1'000'000'000,
        " s: does the file system, the name server or the user database answer? fectl apply tries again"));
  }
  absl::StatusOr<config::LoadResult> loaded = config::DecodeLoaded(output_.text());
  if (!loaded.ok()) return absl::UnavailableError("fectld --load ended before it was done: " + ended_);
  return loaded;
}

bool ConfigLoader::HasEnded() const {
  return !failed_.ok() || !output_.state().ok() || !ended_.empty();
}

void ConfigLoader::OnTurn(core::Instant now) {
  if (done_ == nullptr || (!HasEnded() && now < deadline_)) return;
  absl::StatusOr<config::LoadResult> result = Result();
  output_.Stop();
  if (child_ != nullptr && ended_.empty()) {
    // It may hang in the kernel, so that its end is not waited for: it is reaped as an orphan.
    child_->SignalGroup(SIGKILL).IgnoreError();
    child_->Release();
  }
  child_.reset();
  deadline_ = core::kNever;
  std::exchange(done_, nullptr)(std::move(result));
}

core::Instant ConfigLoader::next_deadline() const {
  if (done_ == nullptr) return core::kNever;
  return HasEnded() ? core::Instant{} : deadline_;
}

}  // namespace fectl::runtime
