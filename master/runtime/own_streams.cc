#include "master/runtime/own_streams.h"

#include <unistd.h>

#include <utility>

#include "master/platform/output_file.h"
#include "master/platform/standard_streams.h"
#include "master/platform/unique_fd.h"

namespace fectl::runtime {
namespace {

// Not valid, and no error: no file is configured.
absl::StatusOr<platform::UniqueFd> Open(const std::string& path) {
  if (path.empty()) return platform::UniqueFd();
  return platform::OpenOutputFile(path);
}

int FdOr(const absl::StatusOr<platform::UniqueFd>& file, int otherwise) {
  return file.ok() && file->valid() ? file->get() : otherwise;
}

}  // namespace

absl::StatusOr<OwnStreams> OwnStreams::Redirect(const config::MasterConfig& config, bool daemon) {
  const absl::StatusOr<platform::UniqueFd> out = Open(config.stdout_path);
  if (!out.ok()) return out.status();
  const absl::StatusOr<platform::UniqueFd> err = Open(config.stderr_path);
  if (!err.ok()) return err.status();
  OwnStreams streams(config.stdout_path, config.stderr_path);
  if (!daemon && !out->valid() && !err->valid()) return streams;
  absl::Status redirected = platform::RedirectStandardStreams(FdOr(out, daemon ? -1 : STDOUT_FILENO),
                                                              FdOr(err, daemon ? -1 : STDERR_FILENO));
  if (!redirected.ok()) return redirected;
  return streams;
}

absl::Status OwnStreams::Reopen() const {
  if (out_.empty() && err_.empty()) return absl::OkStatus();
  const absl::StatusOr<platform::UniqueFd> out = Open(out_);
  const absl::StatusOr<platform::UniqueFd> err = Open(err_);
  absl::Status redirected =
      platform::RedirectStandardStreams(FdOr(out, STDOUT_FILENO), FdOr(err, STDERR_FILENO));
  if (!out.ok()) return out.status();
  if (!err.ok()) return err.status();
  return redirected;
}

}  // namespace fectl::runtime
