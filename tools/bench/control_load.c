// Control clients of fectld: either so many connections that ask for the overview again and again for some
// time, or so many that only are there.
//
// Usage: control_load SOCKET CONNECTIONS SECONDS
//          prints {"answers": N, "seconds": S}; each connection asks again as soon as it is answered.
//        control_load SOCKET CONNECTIONS hello|silent
//          connects (and says Hello), prints "ready" and waits for its end.

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { kBufferBytes = 65536 };

struct Client {
  int fd;
  size_t have;
  char buffer[kBufferBytes];
};

static double Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void Fail(const char* what) {
  fprintf(stderr, "control_load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int Connect(const char* path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const size_t length = strlen(path);
  if (length >= sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
    Fail(path);
  }
  memcpy(address.sun_path, path, length);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) Fail("socket");
  if (connect(fd, (struct sockaddr*)&address, sizeof(address)) != 0) Fail(path);
  return fd;
}

static void Say(int fd, const char* payload) {
  char frame[128];
  const size_t length = strlen(payload);
  frame[0] = 0;
  frame[1] = (char)length;
  memcpy(frame + 2, payload, length);
  if (send(fd, frame, length + 2, MSG_NOSIGNAL) != (ssize_t)(length + 2)) Fail("send");
}

// The size of the frame at the start of the bytes, its header included; 0 when too little is there to tell.
static size_t FrameSize(const unsigned char* bytes, size_t have) {
  if (have < 2) return 0;
  const size_t length = (size_t)bytes[0] << 8 | bytes[1];
  if (length > 0) return 2 + length;
  if (have < 6) return 0;
  return 6 + ((size_t)bytes[2] << 24 | (size_t)bytes[3] << 16 | (size_t)bytes[4] << 8 | bytes[5]);
}

// Reads once. 1: a whole answer that is of the kind `wanted` has come, and is gone from the buffer.
static int Hear(struct Client* client, const char* wanted) {
  const ssize_t got = recv(client->fd, client->buffer + client->have, kBufferBytes - client->have, 0);
  if (got <= 0) Fail("the master ended a connection");
  client->have += (size_t)got;
  int answered = 0;
  for (;;) {
    const size_t size = FrameSize((const unsigned char*)client->buffer, client->have);
    if (size > kBufferBytes) Fail("an answer is too large");
    if (size == 0 || size > client->have) return answered;
    if (memmem(client->buffer, size, wanted, strlen(wanted)) != NULL) {
      answered = 1;
    } else if (memmem(client->buffer, size, "\"Pong\"", 6) == NULL) {
      Fail("an answer of another kind");
    }
    client->have -= size;
    memmove(client->buffer, client->buffer + size, client->have);
  }
}

static void SayHello(struct Client* client) {
  Say(client->fd, "{\"cmd\":\"Hello\",\"data\":{\"version\":2}}");
  while (!Hear(client, "\"Hello\"")) {
  }
}

static void BeThere(const char* path, long count, int hello) {
  static struct Client client;
  for (long i = 0; i < count; ++i) {
    client = (struct Client){.fd = Connect(path)};
    if (hello) SayHello(&client);
  }
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}

static void Ask(const char* path, long count, double seconds) {
  static const char kRequest[] = "{\"cmd\":\"Overview\"}";
  struct Client* clients = calloc((size_t)count, sizeof(*clients));
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (clients == NULL || epoll_fd < 0) Fail("start");
  for (long i = 0; i < count; ++i) {
    clients[i].fd = Connect(path);
    SayHello(&clients[i]);
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = &clients[i]}};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, clients[i].fd, &event) != 0) Fail("epoll_ctl");
  }
  long answers = 0;
  const double began = Now();
  for (long i = 0; i < count; ++i) Say(clients[i].fd, kRequest);
  while (Now() < began + seconds) {
    struct epoll_event ready[64];
    const int got = epoll_wait(epoll_fd, ready, 64, 1000);
    for (int i = 0; i < got; ++i) {
      struct Client* client = ready[i].data.ptr;
      if (!Hear(client, "\"Overview\"")) continue;
      ++answers;
      Say(client->fd, kRequest);
    }
  }
  printf("{\"answers\": %ld, \"seconds\": %.6f}\n", answers, Now() - began);
  for (long i = 0; i < count; ++i) close(clients[i].fd);
  close(epoll_fd);
  free(clients);
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const long count = strtol(argv[2], NULL, 10);
  const int hello = strcmp(argv[3], "hello") == 0;
  if (hello || strcmp(argv[3], "silent") == 0) {
    BeThere(argv[1], count, hello);
  } else {
    Ask(argv[1], count, strtod(argv[3], NULL));
  }
  return 0;
}
