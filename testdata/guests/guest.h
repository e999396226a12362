#ifndef FECTL_TESTDATA_GUESTS_GUEST_H_
#define FECTL_TESTDATA_GUESTS_GUEST_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the guests share: the base level of the worker protocol in its barest form, written from the
// protocol's text alone and sharing no line with proto_spec or worker_sdk, so that a mistake made there twice
// is seen here.
//
// A guest is a test worker with one behaviour. It runs in a directory that the test owns (the service's
// `directory`), and leaves its traces there as files.
namespace fectl::guests {

class Guest {
 public:
  // The guest of this process. Ends the process with 64 where no master started it.
  static Guest FromEnvironment();

  // Sends one frame; blocks until the pipe has taken it. A master that is gone ends the guest.
  void Send(std::string_view payload);
  // Sends {"cmd": name}.
  void SendCommand(std::string_view name);
  // Sends the bytes as they are: for what is no frame.
  void SendBytes(std::string_view bytes);

  // The next command's name. Waits for at most `wait`; a beat is sent meanwhile whenever one is due and the
  // guest is loaded. Nothing when none came, when SIGTERM came, or when one of `also` became readable. The
  // end of the master's pipe is the command "stop".
  std::optional<std::string> NextCommand(std::chrono::milliseconds wait, const std::vector<int>& also = {});

  // Says `loaded` and waits for `start`. Ends the process where `stop` comes instead.
  void LoadAndStart(std::string_view loaded = R"({"cmd": "loaded"})");

  // Beats until the command `stop`, SIGTERM or the end of the pipe.
  void BeatUntilStopped();

  // Beats until SIGUSR1, by which a test gives the word, and once for each. False on what ends
  // BeatUntilStopped. CatchSigusr1 has been called before `loaded`.
  bool BeatUntilSigusr1();

  // Neither reads nor writes ever again.
  [[noreturn]] void Silent();

  // True for the first call in the first incarnation that asks, in the whole life of the working directory.
  static bool FirstTime(const std::string& mark);

  int read_fd() const { return read_fd_; }
  int write_fd() const { return write_fd_; }
  // FECTL_PROC_IDX.
  int index() const { return index_; }

  // The descriptors of the FECTL_FD_<name> variables.
  static std::vector<int> Listeners();

 private:
  Guest(int read_fd, int write_fd, int index) : read_fd_(read_fd), write_fd_(write_fd), index_(index) {}

  std::optional<std::string> TakeCommand();
  void BeatIfDue();

  int read_fd_;
  int write_fd_;
  int index_;
  bool loaded_ = false;
  std::string received_;
  std::chrono::steady_clock::time_point last_beat_{};
};

// Set by SIGTERM once CatchSigterm was called.
bool SawSigterm();
void CatchSigterm();
void CatchSigusr1();

// Appends a line to a file of the working directory, in one write, so that the lines of several guests stay
// whole.
void AppendLine(const std::string& file, const std::string& line);

// Seconds of the monotonic clock, for lines that are compared with one another.
double MonotonicSeconds();

}  // namespace fectl::guests

#endif  // FECTL_TESTDATA_GUESTS_GUEST_H_
