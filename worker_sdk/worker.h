// A process that is supervised by fectld: its side of the conversation with the master.
//
//   auto worker = fectl::Worker::FromEnvironment({.on_start = ..., .on_stop = ...});
//   ... initialise, then (*worker)->Loaded(); ... poll poll_fd(), call Dispatch() ...
//
// The worker keeps its own loop, signals and exit. This class offers one descriptor, one deadline and
// callbacks. It starts no thread and never blocks, except in Run(), a convenience for programs without a
// loop.
//
// Threads: every method of one Worker is called from one thread, except Quit().
// Callbacks run inside Dispatch() (or Run()) only, one at a time and in the order of the master's commands.
// They may call any method; Dispatch() called from a callback does nothing. They must not destroy the Worker.
#ifndef FECTL_WORKER_SDK_WORKER_H_
#define FECTL_WORKER_SDK_WORKER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker_sdk/socket.h"

namespace fectl {

// What the master asks for. Any may be left empty.
struct Callbacks {
  // Begin to serve. Comes once, first, and never while the service is paused.
  std::function<void()> on_start = nullptr;
  // Accept nothing more, keep what is open. Only after on_start.
  std::function<void()> on_pause = nullptr;
  // Accept again.
  std::function<void()> on_resume = nullptr;
  // Finish what is open, then exit with code 0. Comes at most once, possibly without any on_start. The
  // process is killed when `time_left` is over.
  std::function<void(std::chrono::milliseconds time_left)> on_stop = nullptr;
  // The master is gone, so nobody will send commands, kill or replace this process. Comes at most once.
  // If empty, on_stop is called instead (unless it was called before): finish and exit.
  std::function<void()> on_master_lost = nullptr;
  // A message of the application's own, as JSON text (valid during the call).
  std::function<void(std::string_view json)> on_message = nullptr;
};

class Worker {
 public:
  enum class State {
    kLoading,   // Loaded() was not called yet
    kLoaded,    // waits for the master's start (or, started while the service is paused, for its resume)
    kServing,   // between on_start or on_resume and the next command
    kPaused,    // between on_pause and on_resume
    kStopping,  // from on_stop (or from the loss of the master without an on_master_lost) on
  };

  struct Options {
    // SIGTERM means "finish and exit", as `stop` does, and comes together with it. Left at its default it
    // would kill the process in the middle of a request, so if it stands at its default, a handler is set
    // which makes the next Dispatch() call on_stop. Never set without a master, and never over the
    // application's own handler. SIGINT and SIGQUIT ("exit now") are left alone.
    bool handle_sigterm = true;
    // Remove the variables which were read (FECTL_FD and the rest of the contract) from the environment, so
    // that programs started by this one do not take themselves for workers.
    bool unset_variables = true;
  };

  using Variables = std::map<std::string, std::string, std::less<>>;

  // Reads the FECTL_* variables and takes over the channel to the master. Call it once, early in main(),
  // before threads. Without FECTL_FD: a Worker for which managed() is false. InvalidArgument: a variable is
  // missing or makes no sense; the text names it. Nothing was closed or changed.
  static absl::StatusOr<std::unique_ptr<Worker>> FromEnvironment(Callbacks callbacks, Options options);
  static absl::StatusOr<std::unique_ptr<Worker>> FromEnvironment(Callbacks callbacks = {});
  // The same from given variables: for tests (see testing/fake_master.h). Does not touch the process's
  // environment.
  static absl::StatusOr<std::unique_ptr<Worker>> FromVariables(const Variables& variables,
                                                               Callbacks callbacks, Options options);

  // Closes the channel; the master takes that as the beginning of this process's end.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // For bindings which can make their callbacks only after the Worker.
  void SetCallbacks(Callbacks callbacks);

  // False when the program was started by hand: then there are no sockets, no callback is ever called, and
  // everything below is allowed and does nothing.
  bool managed() const;
  // "" and 0 when not managed. The index counts from 0 within the service.
  const std::string& service() const;
  int index() const;
  // The lowest number, from 0, that no other living process of this index has: index and lane name files that
  // old and new processes must not share. Empty: not managed, or an old master.
  std::optional<int> lane() const;
  // 1: base level (an old master), 2: understands status, gauges, messages; 3: leases, too.
  int level() const;
  const std::vector<Socket>& sockets() const;
  const Socket* FindSocket(std::string_view name) const;  // nullptr: no such socket

  State state() const;
  bool master_lost() const;
  // Until this process will be killed; nothing before on_stop. Never negative.
  std::optional<std::chrono::milliseconds> time_left() const;

  // --- the loop's side ---
  // Poll it for reading (level- or edge-triggered, in any kind of loop), then call Dispatch(). It stays the
  // same descriptor for the Worker's whole life and is never readable without cause, also when the master is
  // gone. Only to be polled, never read. -1 when not managed.
  int poll_fd() const;
  // Dispatch() is also due at this time: milliseconds of CLOCK_MONOTONIC. Nothing: no timer needed now.
  // It changes in Dispatch() and in the calls below: ask before every wait.
  std::optional<int64_t> deadline_ms() const;
  // The same as a timeout for poll(2) or epoll_wait(2): 0 when due, -1 when there is none. At most one second
  // or a quarter of the service's `timeout`, rounded up.
  int poll_timeout_ms() const;
  // Reads commands, runs callbacks, sends what is due. Never blocks; calling it too often is harmless.
  // Heartbeats are sent here and nowhere else: a loop which hangs falls silent, and the master replaces the
  // worker. Not OK: the master said something that cannot be understood; the text says what. The channel is
  // closed then, and the master counts as lost. OK in every other case, also when the master is gone.
  absl::Status Dispatch();

  // A loop for programs without one: polls this worker and the watched descriptors until Quit(), or until
  // there is a stop (or a lost master) and no callback for it. DeadlineExceeded: stop's time was over before
  // Quit().
  absl::Status Run();
  // `on_readable` is called by Run() whenever `fd` can be read or has hung up. A callback may Unwatch() any
  // descriptor.
  void Watch(int fd, std::function<void()> on_readable);
  void Unwatch(int fd);
  // Makes Run() return. From any thread, and from a signal's handler. Works when not managed, too.
  void Quit();

  // --- the application's side. Sent at once when the pipe has room, else from Dispatch(); never blocks ---
  // Texts are one line for people. Longer than 8 KiB: cut; bytes which are not UTF-8 are replaced.
  // Initialised: ready for on_start. Call it once; heartbeats begin with it.
  void Loaded();
  // Alive. Dispatch() does this by itself; for long work which proceeds but does not return to the loop.
  void Heartbeat();
  // Held, Dispatch() sends no heartbeats: for a worker that stands for something else, which does not answer
  // now. Let go, one is sent at once. Everything else that is said still counts as a sign of life.
  void HoldHeartbeats(bool hold);
  // Asks to be replaced: gracefully (a successor is loaded first), or at once.
  void RequestReload();
  void RequestRestart();
  // The configuration is wrong: the reason is shown to the operator. Exit after it (kExitInitFailed).
  void ConfigError(std::string_view text);
  // One line about what this worker does now, like "warming cache 40 %". Level 1: dropped.
  void Status(std::string_view text);
  // Leaves on purpose, as after N requests: please replace me first; not a failure. Go on serving until
  // on_stop. Level 1: the same as RequestReload().
  void Stopping(std::string_view text);
  // Busy: the loop does not come to Dispatch() for up to `length` from now, and shall not be taken for hung.
  // The service's `max_lease` bounds it. One that goes on is made longer only where `progress`, which counts
  // what is done (rows, files, bytes), has grown since: who makes none is stuck. It makes startup_timeout
  // longer, too, and ends with EndLease() or Loaded(). Below level 3: dropped.
  void Lease(std::chrono::milliseconds length, std::string_view why, int64_t progress = 0);
  void EndLease();
  // A number shown by status; sent with the next heartbeat when it changed. Level 1: kept, not sent.
  // InvalidArgument: not finite; name not 1 to 64 of A-Z a-z 0-9 . _ - ; ResourceExhausted: more than 64
  // names.
  absl::Status SetGauge(std::string_view name, double value);
  // A message of the application's own. FailedPrecondition: not managed, level 1 or master lost;
  // InvalidArgument: not JSON or over 60 KiB; ResourceExhausted: the master does not read, 256 KiB are
  // waiting. Try later.
  absl::Status SendMessage(std::string_view json);

  // Exit codes which the master reports in words.
  static constexpr int kExitStartupTimeout = 98;
  static constexpr int kExitInitFailed = 99;
  static constexpr int kExitBootFailed = 100;

 private:
  class Impl;
  explicit Worker(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace fectl

#endif  // FECTL_WORKER_SDK_WORKER_H_
