#include "master/runtime/own_log/own_streams.h"

#include <unistd.h>

#include <utility>

#include "master/platform/files/output_file.h"
#include "master/platform/files/standard_streams.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::runtime {
namespace {

// Not valid, and no error: no file is configured.
absl::StatusOr<base::UniqueFd> Open(const std::string& path) {
  if (path.empty()) return base::UniqueFd();
  return platform::OpenOutputFile(path);
}

int FdOr(const absl::StatusOr<base::UniqueFd>& file, int otherwise) {
  return file.ok() && file->valid() ? file->get() : otherwise;
}

}  // namespace

absl::StatusOr<OwnStreams> OwnStreams::Redirect(const config::MasterConfig& config, bool daemon) {
  const absl::StatusOr<base::UniqueFd> out = Open(config.stdout_path);
  if (!out.ok()) return out.status();
  const absl::StatusOr<base::UniqueFd> err = Open(config.stderr_path);
  if (!err.ok()) return err.status();
  OwnStreams streams(config.stdout_path, config.stderr_path);
  if (!daemon && !out->valid() && !err->valid()) return streams;
  absl::Status redirected = platform::RedirectStandardStreams(FdOr(out, daemon ? -1 : STDOUT_FILENO),
                                                              FdOr(err, daemon ? -1 : STDERR_FILENO));
  if (!redirected.ok()) return redirected;
  return streams;
}

Reopened OwnStreams::Reopen() const {
  Reopened reopened;
  if (out_.empty() && err_.empty()) return reopened;
  const absl::StatusOr<base::UniqueFd> out = Open(out_);
  const absl::StatusOr<base::UniqueFd> err = Open(err_);
  absl::Status redirected =
      platform::RedirectStandardStreams(FdOr(out, STDOUT_FILENO), FdOr(err, STDERR_FILENO));
  if (!out_.empty()) reopened.Count(out.ok() ? redirected : out.status());
  if (!err_.empty()) reopened.Count(err.ok() ? redirected : err.status());
  return reopened;
}

std::string WhatADaemonLoses(const config::Config& config) {
  if (!config.master.stderr_path.empty() || config.logging.target != config::LogTarget::kConsole) return "";
  return "the log is thrown away, as a daemon has no terminal: name a file for it with stderr in [master], "
         "or with "
         "service and name in [logging]";
}

}  // namespace fectl::runtime
