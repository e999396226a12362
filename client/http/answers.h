// Answers to requests, from what fectld tells.
#ifndef FECTL_CLIENT_HTTP_ANSWERS_H_
#define FECTL_CLIENT_HTTP_ANSWERS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "client/http/master_link.h"
#include "client/http/metrics/slot_table.h"
#include "client/http/readiness.h"
#include "client/http/reply.h"
#include "client/http/site.h"

namespace fectl::http {

// How long fectld has to answer a probe, and how long to tell what thousands of workers do. Prometheus waits
// for 10 s.
inline constexpr int64_t kProbeMs = 1'000;
inline constexpr int64_t kViewMs = 5'000;

class Answers {
 public:
  // `link` outlives this. `last_lines`: of workers that failed; they are left out otherwise.
  Answers(MasterLink* link, ReadinessRule rule, bool last_lines)
      : link_(link), rule_(std::move(rule)), last_lines_(last_lines) {}

  // What to answer to a request that came at `since_ms`; nullopt: fectld was asked, and has not answered yet.
  // `now`: unix seconds.
  std::optional<Reply> Try(const Route& route, int64_t since_ms, int64_t now_ms, int64_t now);
  // By when that is answered in any case.
  static int64_t DeadlineMs(const Route& route, int64_t since_ms);

  // Of thousands of processes not all are measured for one answer; the rest follows in small portions.
  bool has_work() const { return measures_ && !slots_.all_measured(); }
  void Work();

 private:
  Reply Metrics(int64_t now);
  Reply Status();
  Reply Service(const Route& route) const;
  MasterLink::State StateOf(const Route& route) const;
  void Want(const Route& route, int64_t since_ms, int64_t now_ms);
  Reply Ready(const Route& route) const;

  MasterLink* link_;
  ReadinessRule rule_;
  bool last_lines_;
  SlotTable slots_;
  bool measures_ = false;
  // Of the view with this number.
  uint64_t metrics_number_ = 0;
  std::shared_ptr<const std::string> metrics_;
  uint64_t status_number_ = 0;
  std::shared_ptr<const std::string> status_;
};

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_ANSWERS_H_
