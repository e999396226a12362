#ifndef FECTL_CLIENT_JSON_TEXT_H_
#define FECTL_CLIENT_JSON_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/session/operation.h"

namespace fectl::client {

// What --json prints: one line of JSON for each command, safe for a terminal. The member names are a promise
// to scripts: they are listed in fectl(1), and may only be added to.

// {"ok":false,"exit_code":3,"reason":"no fectld is listening on ..."}
std::string ErrorJson(int exit_code, std::string_view reason);

// [{"service":"web","ok":false,"state":"crashing","reason":"web: crashing, 1 of 2 workers serve: ..."}, ...]
struct CheckedService {
  std::string service;
  std::string state;
  std::string wrong;  // empty: all is well
};
std::string CheckJson(const std::vector<CheckedService>& services);

// [{"service":"web","ok":true,"answer":"ServiceStarted","reason":null,"seconds":1.234}, ...]; where the old
// workers were looked at also "still_leaving":0,"undrained":0,"undrained_sigterm":0, and before these
// "replaced":2 where fectld tells it
std::string OperationsJson(const std::vector<OperationResult>& results);

// {"service":"web","pids":[123,124]}
std::string PidsJson(std::string_view service, const std::vector<std::string>& pids);

// {"service":"web","ok":true,"taken":2,"refused":0}
std::string SentJson(std::string_view service, int taken, int refused);

// {"service":"web","worker":1,"pid":123,"message":JSON}: a message of a worker, on one line whatever blanks
// it has.
std::string MessageJson(const proto::MessageRecord& record);
// {"service":"web","lost":3}
std::string LostJson(std::string_view service, int64_t lost);

// {"service":"migrate","ok":false,"exit_code":3,"reason":"..."}
std::string RunJson(std::string_view service, int exit_code, std::string_view reason);

// {"service":"web","ok":true,"num":8,"ready":8}
std::string SteeredJson(std::string_view service, std::string_view order);
std::string ScaledJson(std::string_view service, int num, int ready);

// {"pid":123}
std::string PidJson(std::string_view pid);

// {"version":"fectl 1.0.0"}
std::string VersionJson(std::string_view version);

// {"client":"fectl 1.0.0","server":"fectl 1.0.0","match":true}
std::string VersionCheckJson(std::string_view client, std::string_view server);

// {"ok":true,"seconds":0.001}
std::string DoneJson(int64_t took_ms);

// {"ok":true,"url":"http://127.0.0.1:8000","application":"asgi","sock":"/tmp/x/fectld.sock","pid":123}
std::string ServingJson(std::string_view url, std::string_view kind, std::string_view sock, int64_t pid);

// {"ok":true,"file":"fectld.toml","found":"the FastAPI application ...","others":["wsgi:application"]}
std::string InitJson(std::string_view file, std::string_view found, const std::vector<std::string>& others);

// A view's own JSON text as a line.
std::string ViewJson(const std::string& json);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_JSON_TEXT_H_
