// A blocking HTTP client for tests.
#ifndef FECTL_TESTDATA_DEMO_TEST_CLIENT_H_
#define FECTL_TESTDATA_DEMO_TEST_CLIENT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace demo {

inline std::string Get(const std::string& path, const std::string& header = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: test\r\n" + header + "\r\n";
}

// A blocking client. Everything that goes wrong shows in `problem`.
class Client {
 public:
  static constexpr int kPatienceSeconds = 20;

  explicit Client(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{kPatienceSeconds, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) Fail("connect");
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;

  void Say(const std::string& text) {
    if (send(fd_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) Fail("send");
  }
  void SayNoMore() { shutdown(fd_, SHUT_WR); }
  // One whole answer.
  std::string Answer() {
    size_t head_end;
    while ((head_end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!Receive()) return problem_;
    }
    const size_t length_at = received_.find("Content-Length: ") + 16;
    const size_t size = head_end + 4 + std::stoul(received_.substr(length_at));
    while (received_.size() < size) {
      if (!Receive()) return problem_;
    }
    std::string answer = received_.substr(0, size);
    received_.erase(0, size);
    return answer;
  }
  // The server's end, with nothing before it.
  bool Ended() { return received_.empty() && !Receive() && problem_ == "end: Success"; }
  bool Silent() {
    char byte;
    return received_.empty() && recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
  }
  const std::string& problem() const { return problem_; }

 private:
  bool Receive() {
    char buffer[4096];
    ssize_t count;
    do {
      count = recv(fd_, buffer, sizeof(buffer),
                   0);  // with a timeout it is interrupted also where no handler is set
    } while (count < 0 && errno == EINTR);
    if (count == 0) errno = 0;
    if (count <= 0) return Fail(count == 0 ? "end" : "recv");
    received_.append(buffer, count);
    return true;
  }
  bool Fail(const std::string& what) {
    if (problem_.empty()) problem_ = what + ": " + strerror(errno);
    return false;
  }
  const int fd_;
  std::string received_;
  std::string problem_;
};

inline bool Says(const std::string& answer, const std::string& text) {
  return answer.find(text) != std::string::npos;
}

inline bool Is200(const std::string& answer) {
  return answer.rfind("HTTP/1.1 200 OK\r\n", 0) == 0;
}

}  // namespace demo

#endif  // FECTL_TESTDATA_DEMO_TEST_CLIENT_H_
