// The least that an HTTP server can do: one thread, epoll, one read and one write for each request. It looks
// for the end of a head and for "Connection: close", and for nothing else.
//
// Usage: bare_server PORT BODY

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kBacklog = 512, kReady = 64, kRequestBytes = 4096, kAnswerBytes = 1024 };

static char answer[kAnswerBytes];
static size_t answer_bytes;

static int Listen(const char* port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  if (bind(listener, (struct sockaddr*)&address, sizeof(address)) != 0 || listen(listener, kBacklog) != 0) {
    perror("bare_server");
    exit(1);
  }
  return listener;
}

// One request, which came in one piece.
static void Serve(int connection) {
  char request[kRequestBytes + 1];
  const ssize_t got = recv(connection, request, kRequestBytes, 0);
  if (got <= 0) {
    close(connection);
    return;
  }
  request[got] = '\0';
  if (strstr(request, "\r\n\r\n") == NULL || send(connection, answer, answer_bytes, MSG_NOSIGNAL) < 0 ||
      strstr(request, "\r\nConnection: close\r\n") != NULL) {
    close(connection);
  }
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  answer_bytes = (size_t)snprintf(
      answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
      strlen(argv[2]), argv[2]);
  const int listener = Listen(argv[1]);
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = listener}};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    struct epoll_event ready[kReady];
    const int count = epoll_wait(epoll_fd, ready, kReady, -1);
    for (int i = 0; i < count; ++i) {
      if (ready[i].data.fd != listener) {
        Serve(ready[i].data.fd);
        continue;
      }
      const int connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (connection < 0) continue;
      const int on = 1;
      setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      event.data.fd = connection;
      epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connection, &event);
    }
  }
}
