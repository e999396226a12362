#include "master/runtime/evidence/examination.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "proto_spec/base/printable.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/json/json_text.h"
#include "proto_spec/message.h"

namespace fectl::runtime {
namespace {

// Names of C++ can be pages long, and this stands in a line for people.
constexpr size_t kWhereBytesMax = 200;

}  // namespace

Examination::~Examination() {
  if (child_ == nullptr || child_->reaped()) return;
  // It may hang in the kernel, so that its end is not waited for: it is reaped as an orphan.
  child_->SignalGroup(SIGKILL).IgnoreError();
  child_->Release();
}

void Examination::Start(platform::Children* children) {
  failed_ = Launch(children);
}

absl::Status Examination::Launch(platform::Children* children) {
  std::array<int, 2> in = {};
  if (pipe2(in.data(), O_CLOEXEC | O_NONBLOCK) != 0) return absl::ErrnoToStatus(errno, "cannot make a pipe");
  const base::UniqueFd in_read(in[0]);
  base::UniqueFd in_write(in[1]);
  base::UniqueFd out_write;
  if (absl::Status s = output_.Open(&out_write); !s.ok()) return s;
  // It is far less than a pipe takes.
  if (write(in_write.get(), known_.data(), known_.size()) != static_cast<ssize_t>(known_.size()) ||
      fcntl(in_read.get(), F_SETFL, 0) != 0)
    return absl::ErrnoToStatus(errno, "cannot fill a pipe");
  in_write.reset();
  platform::LaunchSpec spec;
  // The program that runs, even where its file was replaced meanwhile.
  spec.executable = "/proc/self/exe";
  spec.argv = {"fectl-evidence", absl::StrCat("--examine=", worker_.pid)};
  spec.environment = {"LC_ALL=C"};
  spec.directory = "/";
  // The rights of the worker, and no others.
  spec.identity = worker_.identity;
  spec.capabilities = worker_.capabilities;
  const platform::PreparedLaunch launch(std::move(spec));
  platform::LaunchOutcome outcome = launch.Launch({.stdin_fd = in_read.get(), .stdout_fd = out_write.get()});
  if (auto* const error = std::get_if<platform::LaunchError>(&outcome))
    return absl::UnavailableError("fectld --examine cannot be started: " + error->ToString());
  child_ = children->Adopt(std::move(std::get<platform::LaunchResult>(outcome)), this);
  return absl::OkStatus();
}

void Examination::OnChildExit(platform::Child& /*child*/, const platform::ExitStatus& status) {
  output_.ReadAll();
  output_.Stop();
  ended_ = status.ToString();
}

std::string Examination::WhyNothing() const {
  if (!failed_.ok()) return std::string(failed_.message());
  if (!output_.state().ok()) return std::string(output_.state().message());
  return ended_.has_value() ? "fectld --examine ended before it was done: " + *ended_
                            : "fectld --examine was not done in time";
}

Examination::Result Examination::Take() {
  output_.ReadAll();
  const std::string_view output = output_.text();
  const size_t end = output.find('\n');
  if (end != std::string_view::npos && failed_.ok() && output_.state().ok() &&
      proto::ValidJson(output.substr(end + 1)))
    return {base::EscapeForTerminal(output.substr(0, std::min(end, kWhereBytesMax))),
            std::string(output.substr(end + 1))};
  proto::JsonText text;
  text.BeginObject();
  text.Key("summary");
  text.Raw(known_);
  text.Key("missing");
  text.BeginArray();
  text.String(WhyNothing());
  text.EndArray();
  text.EndObject();
  return {"hung", text.Take()};
}

}  // namespace fectl::runtime
