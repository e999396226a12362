// HTTP load with an exact account. Each connection asks again as soon as it is answered; in the mode `keep`
// over the same connection, in the mode `close` over a new one. The one excuse for a connection that ends is
// that the server announced it with the answer before. Anything else than a whole answer of status 200 is a
// failure: refused, reset, ended early, another status, no answer within kPatienceSeconds.
//
// Usage: http_load PORT CONNECTIONS SECONDS keep|close
// Prints one line of JSON; latencies are from the beginning of a request (of the mode `close`: of its
// connection).

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kBufferBytes = 8192, kPatienceSeconds = 10 };

struct Connection {
  int fd;           // -1: to be opened with the next request
  uint32_t number;  // from 0
  int waiting;      // for an answer
  double began;     // of the request
  size_t have;
  char buffer[kBufferBytes];
};

static uint16_t port;
static int keep;
static int epoll_fd;
static double ends_at;
static char request[256];
static struct {
  long answers, failed, announced_ends;
  double worst;
  char first_failure[128];
} tally;

static double Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void Close(struct Connection* connection) {
  if (connection->fd >= 0) close(connection->fd);
  connection->fd = -1;
  connection->have = 0;
}

static void Fail(struct Connection* connection, const char* what, int error) {
  if (tally.failed++ == 0) {
    snprintf(tally.first_failure, sizeof(tally.first_failure), "%s%s%s", what, error ? ": " : "",
             error ? strerror(error) : "");
  }
  connection->waiting = 0;
  Close(connection);
}

static void Watch(const struct Connection* connection, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data = {.u32 = connection->number}};
  epoll_ctl(epoll_fd, operation, connection->fd, &event);
}

static void Send(struct Connection* connection) {
  const ssize_t length = (ssize_t)strlen(request);
  if (send(connection->fd, request, (size_t)length, MSG_NOSIGNAL) != length) {
    Fail(connection, "a request could not be sent", errno);
  }
}

// Over the open connection, or a new one: then it is sent when that is established.
static void Ask(struct Connection* connection) {
  connection->began = Now();
  connection->waiting = 1;
  if (connection->fd >= 0) return Send(connection);
  connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (connection->fd < 0) return Fail(connection, "no socket", errno);
  const int on = 1;
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(connection->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
  // Each from an address of its own: thousands of connections a second must not use up the ports of one.
  struct sockaddr_in own = {.sin_family = AF_INET,
                            .sin_addr = {.s_addr = htonl(0x7f000002 + connection->number)}};
  struct sockaddr_in server = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  if (bind(connection->fd, (struct sockaddr*)&own, sizeof(own)) != 0 ||
      (connect(connection->fd, (struct sockaddr*)&server, sizeof(server)) != 0 && errno != EINPROGRESS)) {
    return Fail(connection, "not connected", errno);
  }
  Watch(connection, EPOLL_CTL_ADD, EPOLLOUT);
}

static void OnConnected(struct Connection* connection) {
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Fail(connection, "not connected", error);
  Watch(connection, EPOLL_CTL_MOD, EPOLLIN);
  Send(connection);
}

// The size of the answer that the buffer begins with, 0 while its head is not whole, -1 when it has no
// length.
static long AnswerSize(const char* buffer, size_t have) {
  const char* end = memmem(buffer, have, "\r\n\r\n", 4);
  if (end == NULL) return 0;
  const char* length = strcasestr(buffer, "\r\nContent-Length:");
  if (length == NULL || length > end) return -1;
  return end + 4 - buffer + strtol(length + 17, NULL, 10);
}

static void OnReadable(struct Connection* connection) {
  char* buffer = connection->buffer;
  const ssize_t got = recv(connection->fd, buffer + connection->have, kBufferBytes - 1 - connection->have, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return Fail(connection, got == 0 ? "ended early" : "no answer", got == 0 ? 0 : errno);
  connection->have += (size_t)got;
  buffer[connection->have] = '\0';
  const long size = AnswerSize(buffer, connection->have);
  if (size < 0 || size >= kBufferBytes) return Fail(connection, "an answer of no or too great length", 0);
  if (size == 0 || (size_t)size > connection->have) return;
  if (strncmp(buffer, "HTTP/1.1 200 ", 13) != 0) return Fail(connection, "another status than 200", 0);

  const double took = Now() - connection->began;
  if (took > tally.worst) tally.worst = took;
  ++tally.answers;
  connection->waiting = 0;
  connection->have = 0;
  const int announced = strcasestr(buffer, "\r\nConnection: close\r\n") != NULL;
  if (keep && announced) ++tally.announced_ends;
  if (!keep || announced) Close(connection);
}

static void Serve(struct Connection* connection, uint32_t events) {
  if (!connection->waiting) {
    // Between two requests nothing is awaited: the end of a connection that was not announced.
    return Fail(connection, "ended without an announcement", 0);
  }
  if ((events & EPOLLOUT) != 0) {
    OnConnected(connection);
  } else {
    OnReadable(connection);
  }
  if (!connection->waiting && Now() < ends_at) Ask(connection);
}

// Until the time is over and every request is answered, or its patience at an end.
static void Run(struct Connection* connections, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) Ask(&connections[i]);
  for (;;) {
    struct epoll_event ready[64];
    const int got = epoll_wait(epoll_fd, ready, 64, 100);
    for (int i = 0; i < got; ++i) {
      struct Connection* connection = &connections[ready[i].data.u32];
      if (connection->fd >= 0) Serve(connection, ready[i].events);
    }
    const double now = Now();
    int waiting = 0;
    for (uint32_t i = 0; i < count; ++i) {
      struct Connection* connection = &connections[i];
      if (connection->waiting && now > connection->began + kPatienceSeconds) Fail(connection, "silence", 0);
      if (!connection->waiting && now < ends_at) Ask(connection);
      waiting += connection->waiting;
    }
    if (now >= ends_at && waiting == 0) return;
  }
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  port = (uint16_t)strtoul(argv[1], NULL, 10);
  const uint32_t count = (uint32_t)strtoul(argv[2], NULL, 10);
  keep = strcmp(argv[4], "keep") == 0;
  snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: bench\r\nConnection: %s\r\n\r\n",
           keep ? "keep-alive" : "close");
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) return 1;
  struct Connection* connections = calloc(count, sizeof(*connections));
  if (connections == NULL) return 1;
  for (uint32_t i = 0; i < count; ++i) {
    connections[i].fd = -1;
    connections[i].number = i;
  }
  const double began = Now();
  ends_at = began + strtod(argv[3], NULL);
  Run(connections, count);
  printf(
      "{\"answers\": %ld, \"failed\": %ld, \"announced_ends\": %ld, \"worst_ms\": %.3f, \"seconds\": %.6f, "
      "\"first_failure\": \"%s\"}\n",
      tally.answers, tally.failed, tally.announced_ends, tally.worst * 1e3, Now() - began,
      tally.first_failure);
  for (uint32_t i = 0; i < count; ++i) Close(&connections[i]);
  close(epoll_fd);
  free(connections);
  return 0;
}
