#ifndef FECTL_MASTER_LOGGER_READERS_READER_H_
#define FECTL_MASTER_LOGGER_READERS_READER_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/logger/readers/registry.h"
#include "master/logger/threads/bell.h"
#include "proto_spec/base/unique_fd.h"
#include "proto_spec/log_messages.h"

namespace fectl::logger {

// One reader's connection, with a thread of its own: what it waits for keeps nobody else waiting, and what it
// cannot take in time is left out for it.
class Reader {
 public:
  Reader(base::UniqueFd socket, Registry* registry) : socket_(std::move(socket)), registry_(registry) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Until the request is served, or the connection has ended.
  void Serve();
  // Both from another thread: ends it when all is sent that there is; and at once.
  void Finish();
  void Stop();

 private:
  absl::Status Run();
  absl::StatusOr<proto::LogRequest> ReadRequest();
  absl::Status Serve(const proto::LogsRequest& request);
  absl::Status Serve(const proto::EventsRequest& request);
  absl::Status Follow(const proto::EventsRequest& request, uint64_t last, std::string boot);
  absl::Status Serve(const proto::IncidentsRequest& request);
  absl::Status Serve(const proto::IncidentRequest& request);
  Registry::Role Role() const;

  absl::Status Put(const proto::LogAnswer& answer);
  absl::Status Flush();
  // Until a bell rings; Cancelled: the reader is gone, or it was stopped.
  absl::Status WaitForMore();

  base::UniqueFd socket_;
  Registry* registry_;
  std::string out_;
  Bell bell_;
  std::atomic<bool> finishing_ = false;
  std::atomic<bool> stopped_ = false;
};

}  // namespace fectl::logger

#endif  // FECTL_MASTER_LOGGER_READERS_READER_H_
