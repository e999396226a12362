#ifndef FECTL_CLIENT_PROCESS_SIGNALS_H_
#define FECTL_CLIENT_PROCESS_SIGNALS_H_

#include <signal.h>

#include <initializer_list>
#include <optional>

#include "absl/status/statusor.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::client {

// Takes SIGINT, SIGTERM, SIGHUP and SIGCHLD in place of what they would do, until it is destroyed. The first
// three stay ignored where they are, as SIGHUP is below nohup; SIGCHLD does until Child::Start().
class Signals {
 public:
  // `more`: other signals that are taken, too.
  static absl::StatusOr<Signals> Block(std::initializer_list<int> more = {});
  Signals(Signals&& other) noexcept;
  Signals& operator=(Signals&&) = delete;
  ~Signals();

  // Readable when there is a signal to be taken.
  int fd() const { return fd_.get(); }
  // Without a wait.
  std::optional<int> Take();

  // Stops this process as SIGTSTP does by default; returns when it goes on. Where nobody could let it go on,
  // as the kernel judges that, it returns at once. SIGTSTP must be one of those that are taken.
  void StopAsAsked();

 private:
  Signals(base::UniqueFd fd, const sigset_t& before) : fd_(std::move(fd)), before_(before) {}

  base::UniqueFd fd_;
  sigset_t before_;
};

}  // namespace fectl::client

#endif  // FECTL_CLIENT_PROCESS_SIGNALS_H_
