#include "master/runtime/apply/config_loader.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "master/config/transport.h"
#include "master/platform/children/launcher.h"
#include "master/runtime/limits.h"

namespace fectl::runtime {

ConfigLoader::~ConfigLoader() {
  StopReading();
}

void ConfigLoader::StopReading() {
  if (read_.valid()) loop_->Unwatch(read_.get());
  read_.reset();
}

absl::Status ConfigLoader::Start(const std::string& file) {
  std::array<int, 2> ends = {};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  base::UniqueFd write(ends[1]);
  read_.reset(ends[0]);
  if (fcntl(read_.get(), F_SETFL, O_NONBLOCK) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
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
  return loop_->Watch(read_.get(), EPOLLIN, this);
}

void ConfigLoader::Load(const std::string& file, core::Instant now, Done done) {
  done_ = std::move(done);
  text_.clear();
  ended_.clear();
  deadline_ = now + kLoadLimit;
  failed_ = Start(file);
}

void ConfigLoader::OnReady(uint32_t /*events*/) {
  ReadAll();
}

void ConfigLoader::ReadAll() {
  std::array<char, 65536> bytes;
  while (read_.valid()) {
    const ssize_t got = read(read_.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return StopReading();
    text_.append(bytes.data(), static_cast<size_t>(got));
    if (text_.size() <= kLoadedBytesMax) continue;
    failed_ = absl::ResourceExhaustedError("fectld --load writes without end");
    return StopReading();
  }
}

void ConfigLoader::OnChildExit(platform::Child& /*child*/, const platform::ExitStatus& status) {
  ReadAll();
  ended_ = status.ToString();
  StopReading();
}

absl::StatusOr<config::LoadResult> ConfigLoader::Result() {
  if (!failed_.ok()) return failed_;
  if (ended_.empty()) {
    return absl::DeadlineExceededError(absl::StrCat(
        "the configuration could not be read within ", kLoadLimit.ns / 1'000'000'000,
        " s: does the file system, the name server or the user database answer? fectl apply tries again"));
  }
  absl::StatusOr<config::LoadResult> loaded = config::DecodeLoaded(text_);
  if (!loaded.ok()) return absl::UnavailableError("fectld --load ended before it was done: " + ended_);
  return loaded;
}

void ConfigLoader::OnTurn(core::Instant now) {
  if (done_ == nullptr || (failed_.ok() && ended_.empty() && now < deadline_)) return;
  absl::StatusOr<config::LoadResult> result = Result();
  StopReading();
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
  return failed_.ok() && ended_.empty() ? deadline_ : core::Instant{};
}

}  // namespace fectl::runtime
