#include "client/http/answers.h"

#include <sys/stat.h>

#include <utility>

#include "client/http/assets.h"
#include "client/http/metrics/metrics.h"
#include "client/live/process_usage.h"

namespace fectl::http {
namespace {

// Processes that are measured while an answer waits: 3 ms of it. And in one turn otherwise.
constexpr size_t kMeasuredAtOnce = 200;
constexpr size_t kMeasuredInATurn = 50;

// Whether files of the configuration were changed after they were read. nullopt: they cannot be looked at.
std::optional<bool> Drift(const proto::MasterView& view) {
  if (view.config_files.empty() || view.config_loaded_at_ns == 0) return std::nullopt;
  bool all = true;
  for (const std::string& file : view.config_files) {
    struct stat found = {};
    if (stat(file.c_str(), &found) != 0) {
      all = false;
      continue;
    }
    const int64_t changed_ns = int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
    if (changed_ns > view.config_loaded_at_ns) return true;
  }
  return all ? std::optional<bool>(false) : std::nullopt;
}

Reply Text(std::string type, std::shared_ptr<const std::string> text) {
  Reply reply;
  reply.type = std::move(type);
  reply.body = std::move(text);
  return reply;
}

Reply OfAsset(const Route& route) {
  const Asset& asset = *AssetAt(route.path);
  return Text(std::string(asset.type), std::make_shared<const std::string>(asset.text));
}

// The words of a failure in the form of the path that was asked for.
Reply Trouble(const Route& route, const std::string& words) {
  if (route.kind == Route::Kind::kReady || route.kind == Route::Kind::kStatus ||
      route.kind == Route::Kind::kService) {
    return Json(503, NotReady(words).json);
  }
  return Plain(503, words);
}

}  // namespace

int64_t Answers::DeadlineMs(const Route& route, int64_t since_ms) {
  const bool probe = route.kind == Route::Kind::kHealth || route.kind == Route::Kind::kReady;
  return since_ms + (probe ? kProbeMs : kViewMs);
}

std::optional<Reply> Answers::Try(const Route& route, int64_t since_ms, int64_t now_ms, int64_t now) {
  if (route.kind == Route::Kind::kAsset) return OfAsset(route);
  MasterLink::State state = StateOf(route);
  const bool answered = state.asked_ms >= 0 && state.asked_ms >= since_ms - kFreshMs;
  if (!answered && state.failed_ms >= since_ms) return Trouble(route, link_->trouble());
  if (!answered && now_ms >= DeadlineMs(route, since_ms)) {
    const int64_t seconds = (DeadlineMs(route, since_ms) - since_ms) / 1000;
    return Trouble(route, "fectld has not answered within " + std::to_string(seconds) + " s");
  }
  if (!answered) {
    Want(route, since_ms, now_ms);
    // Where nobody listens, that is known at once.
    state = StateOf(route);
    if (state.failed_ms >= since_ms) return Trouble(route, link_->trouble());
    return std::nullopt;
  }
  if (route.kind == Route::Kind::kHealth) return Plain(200, "fectld answers");
  if (route.kind == Route::Kind::kService) return Service(route);
  if (route.kind == Route::Kind::kMetrics) return Metrics(now);
  if (route.kind == Route::Kind::kStatus) return Status();
  return Ready(route);
}

MasterLink::State Answers::StateOf(const Route& route) const {
  if (route.kind == Route::Kind::kHealth) return link_->sign_state();
  if (route.kind == Route::Kind::kService) return link_->service_state(std::string(route.service));
  return link_->view_state();
}

void Answers::Want(const Route& route, int64_t since_ms, int64_t now_ms) {
  if (route.kind == Route::Kind::kHealth) {
    link_->WantSign(since_ms, now_ms);
  } else if (route.kind == Route::Kind::kService) {
    link_->WantService(std::string(route.service), since_ms, now_ms);
  } else {
    link_->WantView(since_ms, now_ms);
  }
}

Reply Answers::Metrics(int64_t now) {
  if (metrics_ == nullptr || metrics_number_ != link_->view_number()) {
    metrics_number_ = link_->view_number();
    slots_.Take(link_->view(), now);
    measures_ = link_->is_here();
    if (measures_) slots_.Measure(kMeasuredAtOnce, client::UsageOf);
    metrics_ = std::make_shared<const std::string>(MetricsOf(link_->view(), slots_, Drift(link_->view())));
  }
  return Text(kMetricsText, metrics_);
}

void Answers::Work() {
  if (has_work()) slots_.Measure(kMeasuredInATurn, client::UsageOf);
}

Reply Answers::Status() {
  if (status_ == nullptr || status_number_ != link_->view_number()) {
    status_number_ = link_->view_number();
    status_ = std::make_shared<const std::string>(proto::EncodeMasterView(link_->view()) + "\n");
  }
  return Text(kJson, status_);
}

Reply Answers::Service(const Route& route) const {
  const std::string name(route.service);
  const proto::ServiceView* const known = link_->service(name);
  if (known == nullptr) return Json(404, NotReady("there is no service " + name).json);
  proto::ServiceView view = *known;
  for (proto::WorkerView& worker : view.workers) {
    if (!last_lines_) worker.last_lines.clear();
  }
  return Json(200, proto::EncodeServiceView(view));
}

Reply Answers::Ready(const Route& route) const {
  const Readiness found = ReadinessOf(link_->view(), rule_, route.service);
  return Json(!found.known ? 404 : found.ready ? 200 : 503, found.json);
}

}  // namespace fectl::http
