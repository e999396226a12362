#include "client/testing/captured_run.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client/text/output.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::client {
namespace {

std::string Content(const base::UniqueFd& file) {
  std::string text;
  char buffer[65536];
  for (;;) {
    const ssize_t got = pread(file.get(), buffer, sizeof buffer, static_cast<off_t>(text.size()));
    if (got <= 0) return text;
    text.append(buffer, static_cast<size_t>(got));
  }
}

}  // namespace

Captured RunCaptured(const std::vector<std::string>& args, const Surroundings& surroundings) {
  signal(SIGPIPE, SIG_IGN);
  const base::UniqueFd out(memfd_create("stdout", MFD_CLOEXEC));
  const base::UniqueFd err(memfd_create("stderr", MFD_CLOEXEC));
  Output output(out.get(), err.get());
  Captured captured;
  captured.exit_code = Run(args, surroundings, output);
  captured.out = Content(out);
  captured.err = Content(err);
  return captured;
}

}  // namespace fectl::client
