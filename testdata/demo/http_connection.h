// One client's connection: reads requests, answers them in order, ends without losing one.
#ifndef FECTL_TESTDATA_DEMO_HTTP_CONNECTION_H_
#define FECTL_TESTDATA_DEMO_HTTP_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "testdata/demo/http_request.h"
#include "worker_sdk/drain/epoll_connection.h"

namespace demo {

struct Response {
  int status = 200;
  std::string body;
  int64_t delay_ms = 0;  // the answer is sent this much later; meanwhile others are served
};
using Answer = std::function<Response(const Request&)>;

class Connection : public fectl::drain::EpollConnection {
 public:
  static constexpr size_t kInputBytesMax = 64 * 1024;  // then the client has to wait, as TCP lets it

  // `answer` and `answered`, which counts answers, outlive the connection.
  Connection(const fectl::drain::Accepted& accepted, const Answer* answer, int64_t* answered)
      : EpollConnection(accepted), answer_(answer), answered_(answered) {}

 private:
  enum class Step {
    kHead,     // reads a request's head
    kBody,     // reads the rest of a request's body
    kDelayed,  // the answer waits for its time
    kWriting,  // the answer is being written
    kEnded,
  };

  void OnReady(uint32_t events) override;
  void OnTime() override;
  void Read();
  void Proceed();
  // Each does its step; false: nothing more to do now.
  bool ReadHead();
  bool SkipBody();
  bool Write();
  void Reply(const Response& response, bool keep);
  void Finish();

  const Answer* const answer_;
  int64_t* const answered_;
  Step step_ = Step::kHead;
  std::string input_;
  std::string output_;
  size_t output_sent_ = 0;
  Request request_;
  uint64_t body_left_ = 0;
  Response delayed_;
  bool peer_done_ = false;  // the client will send nothing more
  bool keep_ = true;        // the answer in output_ does not announce the end
};

}  // namespace demo

#endif  // FECTL_TESTDATA_DEMO_HTTP_CONNECTION_H_
