#include "worker_sdk/c/fectl.h"

#include <string.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker_sdk/socket.h"
#include "worker_sdk/worker.h"

struct fectl_worker {
  std::unique_ptr<fectl::Worker> worker;
};

namespace {

std::string Text(const char* text) {
  return text == nullptr ? "" : text;
}

fectl::Callbacks CallbacksOf(const fectl_callbacks& from, void* context) {
  fectl::Callbacks to;
  if (from.on_start != nullptr) to.on_start = [call = from.on_start, context] { call(context); };
  if (from.on_pause != nullptr) to.on_pause = [call = from.on_pause, context] { call(context); };
  if (from.on_resume != nullptr) to.on_resume = [call = from.on_resume, context] { call(context); };
  if (from.on_stop != nullptr) {
    to.on_stop = [call = from.on_stop, context](std::chrono::milliseconds left) {
      call(context, left.count());
    };
  }
  if (from.on_master_lost != nullptr)
    to.on_master_lost = [call = from.on_master_lost, context] { call(context); };
  return to;
}

}  // namespace

fectl_worker* fectl_open(const fectl_callbacks* callbacks, size_t size, void* context, char* error,
                         size_t error_size) {
  // An older caller knows fewer of them, a newer one more.
  fectl_callbacks known = {};
  if (callbacks != nullptr) memcpy(&known, callbacks, std::min(size, sizeof known));
  auto made = fectl::Worker::FromEnvironment(CallbacksOf(known, context));
  if (made.ok()) return new fectl_worker{*std::move(made)};
  if (error != nullptr && error_size > 0) {
    const std::string text(made.status().message());
    const size_t length = std::min(text.size(), error_size - 1);
    memcpy(error, text.data(), length);
    error[length] = '\0';
  }
  return nullptr;
}

void fectl_close(fectl_worker* worker) {
  delete worker;
}

int fectl_managed(const fectl_worker* worker) {
  return worker->worker->managed() ? 1 : 0;
}

int fectl_socket(const fectl_worker* worker, const char* name) {
  const fectl::Socket* const socket = worker->worker->FindSocket(Text(name));
  return socket == nullptr ? -1 : socket->fd;
}

int fectl_fd(const fectl_worker* worker) {
  return worker->worker->poll_fd();
}

int fectl_timeout_ms(const fectl_worker* worker) {
  return worker->worker->poll_timeout_ms();
}

int fectl_dispatch(fectl_worker* worker) {
  return worker->worker->Dispatch().ok() ? 0 : -1;
}

void fectl_loaded(fectl_worker* worker) {
  worker->worker->Loaded();
}

void fectl_beat(fectl_worker* worker) {
  worker->worker->Heartbeat();
}

void fectl_lease(fectl_worker* worker, int64_t length_ms, const char* why, int64_t progress) {
  if (length_ms <= 0) return worker->worker->EndLease();
  worker->worker->Lease(std::chrono::milliseconds(length_ms), Text(why), progress);
}

void fectl_status(fectl_worker* worker, const char* text) {
  worker->worker->Status(Text(text));
}

int fectl_gauge(fectl_worker* worker, const char* name, double value) {
  return worker->worker->SetGauge(Text(name), value).ok() ? 0 : -1;
}

void fectl_stopping(fectl_worker* worker, const char* why) {
  worker->worker->Stopping(Text(why));
}

void fectl_config_error(fectl_worker* worker, const char* text) {
  worker->worker->ConfigError(Text(text));
}
