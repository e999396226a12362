#ifndef MASTER_RUNTIME_OWN_LOG_OWN_STREAMS_H_
#define MASTER_RUNTIME_OWN_LOG_OWN_STREAMS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/config/config.h"
#include "master/runtime/own_log/reopened.h"

namespace fectl::runtime {

// The master's own standard output and error, which its workers inherit unless they have files of their own.
class OwnStreams {
 public:
  // Redirects to the configured files, opened as the present user. Without one a daemon gets /dev/null, so
  // that it keeps nothing of the terminal that it was started from; in the foreground a stream stays what it
  // is.
  static absl::StatusOr<OwnStreams> Redirect(const config::MasterConfig& config, bool daemon);

  // After the files were moved away. A stream whose file cannot be opened anew keeps the old one.
  Reopened Reopen() const;

 private:
  OwnStreams(std::string out, std::string err) : out_(std::move(out)), err_(std::move(err)) {}

  std::string out_;  // empty: not redirected to a file
  std::string err_;
};

// What nobody will see of a daemon with this configuration, and what would help; empty: nothing is lost that
// people need. (What workers write goes to files then.)
std::string WhatADaemonLoses(const config::Config& config);

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_OWN_LOG_OWN_STREAMS_H_
