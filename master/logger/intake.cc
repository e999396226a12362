#include "master/logger/intake.h"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace fectl::logger {
namespace {

using Rest = Stage::Rules::Rest;

// For a question: as much as a pipe holds.
constexpr int kReadsForAnAnswer = 16;

}  // namespace

Intake::~Intake() {
  for (const auto& [writer, pipe] : pipes_) loop_->Unwatch(pipe->fd.get());
}

absl::StatusOr<Stage> Intake::StageFor(const Writer& writer, const ServiceLog& log) {
  for (const Arena::Stage& block : arena_->stages()) {
    Stage stage(block, log.last());
    if (stage.writer() == writer) return stage;
  }
  absl::StatusOr<Arena::Stage> block = arena_->AddStage();
  if (!block.ok()) return block.status();
  Stage::Begin(*block, writer);
  return Stage(*block, std::nullopt);
}

absl::Status Intake::Add(const Writer& writer, base::UniqueFd fd, std::shared_ptr<ServiceLog> log) {
  if (pipes_.contains(writer)) return absl::OkStatus();
  if (fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) return absl::ErrnoToStatus(errno, "the pipe of a worker");
  absl::StatusOr<Stage> stage = StageFor(writer, *log);
  if (!stage.ok()) return stage.status();
  auto pipe = std::make_unique<Pipe>(this, std::move(fd), *std::move(stage), std::move(log));
  if (absl::Status watched = loop_->Watch(pipe->fd.get(), EPOLLIN, pipe.get()); !watched.ok()) return watched;
  Pipe* const added = pipe.get();
  pipes_.emplace(writer, std::move(pipe));
  if (added->stage.unfinished() > 0) Move(added, Rest::kKeep);
  return absl::OkStatus();
}

void Intake::OnPipe(Pipe* pipe, uint32_t events) {
  const Stage::ReadResult result = pipe->stage.Read(pipe->fd.get(), (events & (EPOLLHUP | EPOLLERR)) != 0);
  if (result == Stage::ReadResult::kEnd) return End(pipe);
  if (result != Stage::ReadResult::kNothing) Move(pipe, Rest::kKeep);
}

void Intake::Move(Pipe* pipe, Rest rest) {
  const bool too_long = pipe->waits_for_room && now_ms_ - pipe->waits_since_ms >= kPatienceMs;
  const uint64_t written = pipe->log->written();
  const bool patient = !too_long && written != pipe->gave_up_at;
  if (too_long) pipe->gave_up_at = written;
  const bool all = pipe->log->Take({.t_ms = t_ms_, .rest = rest}, patient, &pipe->stage);
  if (all && pipe->stage.unfinished() > 0) {
    if (unfinished_.insert(pipe).second) pipe->unfinished_since_ms = now_ms_;
  } else if (all) {
    unfinished_.erase(pipe);
  }
  if (all == !pipe->waits_for_room) return;
  // Until there is room the worker's writes wait, once the pipe is full.
  pipe->waits_for_room = !all;
  pipe->waits_since_ms = now_ms_;
  if (all) {
    full_.erase(pipe);
    if (!loop_->Watch(pipe->fd.get(), EPOLLIN, pipe).ok()) pipe->ended = true;
  } else {
    full_.insert(pipe);
    loop_->Unwatch(pipe->fd.get());
  }
}

void Intake::KeepLast(const Stage& stage) {
  const Writer writer = stage.writer();
  std::vector<Ended>& of_place = last_[{writer.service, writer.worker}];
  const auto same = std::find_if(of_place.begin(), of_place.end(),
                                 [&](const Ended& one) { return one.generation == writer.generation; });
  if (same != of_place.end()) {
    same->lines += stage.LastLines();  // of its other stream
  } else {
    of_place.push_back({writer.generation, stage.LastLines()});
  }
  if (of_place.size() > kEndedMax) of_place.erase(of_place.begin());
}

void Intake::End(Pipe* pipe) {
  Move(pipe, Rest::kEnd);
  if (pipe->waits_for_room) {
    pipe->ended = true;
    return;
  }
  const Writer writer = pipe->stage.writer();
  KeepLast(pipe->stage);
  loop_->Unwatch(pipe->fd.get());
  unfinished_.erase(pipe);
  arena_->Drop(pipe->stage.block());
  pipes_.erase(writer);
  ended_(writer);
}

void Intake::FinishOthers(int64_t t_ms, const std::function<std::shared_ptr<ServiceLog>(uint64_t)>& find) {
  const std::vector<Arena::Stage> stages = arena_->stages();
  for (const Arena::Stage& block : stages) {
    const Writer writer = Stage(block, std::nullopt).writer();
    if (pipes_.contains(writer)) continue;
    const std::shared_ptr<ServiceLog> log = find(writer.service);
    if (log != nullptr) {
      Stage stage(block, log->last());
      log->Take({.t_ms = t_ms, .rest = Rest::kEnd}, /*patient=*/false, &stage);
      KeepLast(stage);
    }
    arena_->Drop(block);
  }
}

int64_t Intake::OnTurn(int64_t now_ms, int64_t t_ms) {
  now_ms_ = now_ms;
  t_ms_ = t_ms;
  int64_t due_ms = INT64_MAX;
  const std::set<Pipe*> unfinished = unfinished_;
  for (Pipe* const pipe : unfinished) {
    const int64_t at_ms = pipe->unfinished_since_ms + kUnfinishedMs;
    if (at_ms > now_ms) {
      due_ms = std::min(due_ms, at_ms);
    } else if (!pipe->waits_for_room) {
      Move(pipe, Rest::kFlush);
    }
  }
  for (const Pipe* const pipe : full_) due_ms = std::min(due_ms, DropsAt(*pipe));
  return due_ms;
}

// When lines of a pipe that waits for room are dropped instead; where its service blocks, never.
int64_t Intake::DropsAt(const Pipe& pipe) {
  return pipe.log->settings()->block ? INT64_MAX : pipe.waits_since_ms + kPatienceMs;
}

void Intake::RetryFull(int64_t now_ms, int64_t t_ms) {
  now_ms_ = now_ms;
  t_ms_ = t_ms;
  const std::set<Pipe*> full = full_;
  for (Pipe* const pipe : full) {
    Move(pipe, pipe->ended ? Rest::kEnd : Rest::kKeep);
    if (!pipe->waits_for_room && pipe->ended) End(pipe);
  }
}

void Intake::ReadAll(int64_t t_ms) {
  t_ms_ = t_ms;
  std::vector<Pipe*> all;
  for (const auto& [writer, pipe] : pipes_) all.push_back(pipe.get());
  for (Pipe* const pipe : all) {
    for (int i = 0; i < kReadsForAnAnswer && !pipe->waits_for_room; ++i) {
      if (pipe->stage.Read(pipe->fd.get(), /*hung_up=*/true) == Stage::ReadResult::kEnd) break;
      Move(pipe, Rest::kKeep);
    }
    End(pipe);
  }
}

std::string Intake::LastLines(uint64_t service, uint32_t worker, uint64_t generation, int64_t t_ms) {
  t_ms_ = t_ms;
  std::vector<Ended> found =
      last_.contains({service, worker}) ? last_.at({service, worker}) : std::vector<Ended>();
  for (auto it = pipes_.lower_bound({.service = service, .worker = worker, .stream = Stream::kBoth});
       it != pipes_.end() && it->first.service == service && it->first.worker == worker; ++it) {
    Pipe& pipe = *it->second;
    for (int i = 0; i < kReadsForAnAnswer && !pipe.waits_for_room; ++i) {
      if (pipe.stage.Read(pipe.fd.get(), /*hung_up=*/false) != Stage::ReadResult::kSome) break;
      Move(&pipe, Rest::kKeep);
    }
    const std::string lines = pipe.stage.LastLines() + pipe.stage.Unfinished();
    if (!found.empty() && found.back().generation == it->first.generation) {
      found.back().lines += lines;
    } else {
      found.push_back({it->first.generation, lines});
    }
  }
  for (auto one = found.rbegin(); one != found.rend(); ++one) {
    if (generation == 0 ? !one->lines.empty() : one->generation == generation) return one->lines;
  }
  return "";
}

void Intake::ForgetService(uint64_t service) {
  std::erase_if(last_, [&](const auto& entry) { return entry.first.first == service; });
}

}  // namespace fectl::logger
