// A worker without fault. On its sockets it answers each connection's first request line with one line: its
// pid and the name under which it was started; then it closes. The path /slow makes the file `entered`,
// and is answered once the file `release` is there. It accepts only between start and pause or stop, and
// leaves when nothing is open.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include "testdata/guests/guest.h"

namespace {

using fectl::guests::Guest;

struct Connection {
  int fd;
  std::string request;
  bool done = false;
};

class Server {
 public:
  explicit Server(std::string name) : name_(std::move(name)) {
    for (int fd : Guest::Listeners()) {
      fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
      listeners_.push_back(fd);
    }
  }

  std::vector<int> Watched(bool accepting) const {
    std::vector<int> fds;
    if (accepting) fds = listeners_;
    for (const Connection& one : open_) {
      if (!Complete(one)) fds.push_back(one.fd);
    }
    return fds;
  }

  void Turn(bool accepting) {
    for (int listener : accepting ? listeners_ : std::vector<int>()) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) open_.push_back({fd, ""});
    }
    for (Connection& one : open_) Serve(one);
    open_.erase(std::remove_if(open_.begin(), open_.end(), [](const Connection& one) { return one.done; }),
                open_.end());
  }

  bool idle() const { return open_.empty(); }
  bool waiting() const {
    return std::any_of(open_.begin(), open_.end(), [](const Connection& one) { return Complete(one); });
  }

 private:
  static bool Complete(const Connection& one) { return one.request.find("\r\n\r\n") != std::string::npos; }

  void Serve(Connection& one) {
    char bytes[1024];
    const ssize_t n = recv(one.fd, bytes, sizeof bytes, 0);
    const bool gone = n == 0 || (n < 0 && errno != EAGAIN);
    if (n > 0) one.request.append(bytes, static_cast<size_t>(n));
    const bool slow = one.request.rfind("GET /slow ", 0) == 0;
    if (slow && Complete(one)) Guest::FirstTime("entered");
    if (Complete(one) && (!slow || access("release", F_OK) == 0)) {
      const std::string body = std::to_string(getpid()) + " " + name_ + "\n";
      const std::string answer =
          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\n\r\n" + body;
      send(one.fd, answer.data(), answer.size(), MSG_NOSIGNAL);
      one.done = true;
    } else if (gone && !Complete(one)) {
      one.done = true;
    }
    if (one.done) close(one.fd);
  }

  std::string name_;
  std::vector<int> listeners_;
  std::vector<Connection> open_;
};

}  // namespace

int main(int, char** argv) {
  Guest guest = Guest::FromEnvironment();
  fectl::guests::CatchSigterm();
  Server server(argv[0]);
  guest.SendCommand("loaded");
  bool started = false;
  bool paused = false;
  bool stopping = false;
  while (!stopping || !server.idle()) {
    const bool accepting = started && !paused && !stopping;
    // Neither the file that releases a slow answer nor, after SIGTERM, the pipe wakes the poll: look often
    // then.
    const bool often = server.waiting() || stopping;
    const std::optional<std::string> command =
        guest.NextCommand(std::chrono::milliseconds(often ? 20 : 3'600'000), server.Watched(accepting));
    if (command == "start") started = true;
    if (command == "pause") paused = true;
    if (command == "resume") paused = false;
    if (command == "stop" || fectl::guests::SawSigterm()) stopping = true;
    if (stopping && !command) usleep(5'000);
    server.Turn(started && !paused && !stopping);
  }
  return 0;
}
