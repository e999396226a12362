/* The worker's side of fectld for programs in C, and for languages that call C: worker_sdk/worker.h in a few
 * calls.
 *
 *   fectl_worker *worker = fectl_open(&callbacks, sizeof callbacks, context, error, sizeof error);
 *   ... initialise, then fectl_loaded(worker); ... poll fectl_fd() for at most fectl_timeout_ms(),
 * fectl_dispatch() ...
 *
 * All calls of one worker come from one thread. Callbacks run inside fectl_dispatch() only, one at a time;
 * they may call everything but fectl_close(). Nothing blocks, no thread is started, and no C++ exception
 * comes out. Texts are UTF-8 and end with a zero byte; they are not kept. Link with libfectl_worker.a and the
 * C++ library (pkg-config fectl-worker).
 */
#ifndef FECTL_WORKER_SDK_C_FECTL_H_
#define FECTL_WORKER_SDK_C_FECTL_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fectl_worker fectl_worker;

/* What the master asks for. Each gets the context of fectl_open(), and may be NULL. Members are only ever
 * added, at the end: zero the whole, and set those that you know. */
typedef struct fectl_callbacks {
  void (*on_start)(void* context);  /* begin to accept; once, first */
  void (*on_pause)(void* context);  /* accept nothing more, keep what is open */
  void (*on_resume)(void* context); /* accept again */
  /* Finish what is open, then exit with 0; the process is killed after so many milliseconds. At most once. */
  void (*on_stop)(void* context, int64_t time_left_ms);
  /* The master is gone. NULL: on_stop is called instead. */
  void (*on_master_lost)(void* context);
} fectl_callbacks;

/* Exit with this after fectl_config_error(). */
#define FECTL_EXIT_INIT_FAILED 99

/* Early in main(), before threads: takes over the channel to the master and removes its variables from the
 * environment. `size` is sizeof(fectl_callbacks) as the caller was compiled. NULL: a variable makes no sense;
 * `error` says which, cut to its size. */
fectl_worker* fectl_open(const fectl_callbacks* callbacks, size_t size, void* context, char* error,
                         size_t error_size);
/* The master takes it as the beginning of the process's end. NULL is allowed. */
void fectl_close(fectl_worker* worker);

/* 0: started by hand. Then there are no sockets, and all calls are allowed and do nothing. */
int fectl_managed(const fectl_worker* worker);
/* The listening descriptor of the socket of this name; -1: the service has none. */
int fectl_socket(const fectl_worker* worker, const char* name);

/* To be polled for reading, never read; the same for the worker's whole life. -1: not managed. */
int fectl_fd(const fectl_worker* worker);
/* For poll(2) and epoll_wait(2), to be asked before each wait; -1: no limit. */
int fectl_timeout_ms(const fectl_worker* worker);
/* When the descriptor is readable or the time is over: reads orders, runs callbacks, sends heartbeats. -1:
 * the master said something that cannot be understood, and counts as lost. */
int fectl_dispatch(fectl_worker* worker);

/* Initialised. Once; heartbeats begin with it. */
void fectl_loaded(fectl_worker* worker);
/* Alive, in long work that does not come to fectl_dispatch(). */
void fectl_beat(fectl_worker* worker);
/* Busy for so long from now, not to be taken for hung; 0: no longer. It is made longer only where `progress`
 * has grown. */
void fectl_lease(fectl_worker* worker, int64_t length_ms, const char* why, int64_t progress);
/* A line about what it does, and a number, both for fectl status. -1: not finite, too many, or no good name.
 */
void fectl_status(fectl_worker* worker, const char* text);
int fectl_gauge(fectl_worker* worker, const char* name, double value);
/* Please replace me, without a loss; I serve on until on_stop. */
void fectl_stopping(fectl_worker* worker, const char* why);
/* The configuration is wrong; exit with FECTL_EXIT_INIT_FAILED then. */
void fectl_config_error(fectl_worker* worker, const char* text);

#ifdef __cplusplus
}
#endif

#endif /* FECTL_WORKER_SDK_C_FECTL_H_ */
