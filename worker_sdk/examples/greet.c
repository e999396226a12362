/* A worker in C: greets everybody who connects. Start it from fectld, with a socket that is called "greet".
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker_sdk/c/fectl.h"

struct server {
  int listener;
  int accepts; /* between start and pause or stop */
  int ends;
};

static void on_start(void* context) {
  ((struct server*)context)->accepts = 1;
}

static void on_pause(void* context) {
  ((struct server*)context)->accepts = 0;
}

static void on_stop(void* context, int64_t time_left_ms) {
  struct server* server = context;
  (void)time_left_ms; /* nothing is left open here */
  server->accepts = 0;
  server->ends = 1;
}

static void greet(int listener) {
  static const char text[] = "hello\n";
  const int client = accept(listener, NULL, NULL);
  if (client < 0) return; /* another worker was faster */
  send(client, text, strlen(text), MSG_NOSIGNAL);
  close(client);
}

int main(void) {
  struct server server = {-1, 0, 0};
  fectl_callbacks callbacks;
  char error[200] = "start me from fectld";
  memset(&callbacks, 0, sizeof callbacks);
  callbacks.on_start = callbacks.on_resume = on_start;
  callbacks.on_pause = on_pause;
  callbacks.on_stop = on_stop;
  fectl_worker* worker = fectl_open(&callbacks, sizeof callbacks, &server, error, sizeof error);
  if (worker == NULL || !fectl_managed(worker)) {
    fprintf(stderr, "greet: %s\n", error);
    fectl_close(worker);
    return FECTL_EXIT_INIT_FAILED;
  }
  server.listener = fectl_socket(worker, "greet");
  if (server.listener < 0) {
    fectl_config_error(worker, "a socket named 'greet' is needed");
    fectl_close(worker);
    return FECTL_EXIT_INIT_FAILED;
  }
  fectl_loaded(worker);
  while (!server.ends) {
    struct pollfd polled[2] = {{0, POLLIN, 0}, {0, POLLIN, 0}};
    polled[0].fd = fectl_fd(worker);
    polled[1].fd = server.accepts ? server.listener : -1;
    if (poll(polled, 2, fectl_timeout_ms(worker)) > 0 && polled[1].revents != 0) greet(server.listener);
    fectl_dispatch(worker);
  }
  fectl_close(worker);
  return 0;
}
