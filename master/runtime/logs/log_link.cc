#include "master/runtime/logs/log_link.h"

#include <glog/logging.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "master/platform/children/launcher.h"
#include "master/platform/loop/clock.h"

namespace fectl::runtime {
namespace {

// How often a logger is asked whether it lives, in turns that the master has anyway: where nothing is to be
// done, it is not woken up for this.
constexpr core::Span kPingPause = core::Seconds(2);
// A machine that is busy may keep it from the answer for a while.
constexpr core::Span kSilence = core::Seconds(5);
// The first time: it has to be read from the disk.
constexpr core::Span kFirstSilence = core::Seconds(15);
// Before a logger that has ended by itself is started again: at first none, then twice as long each time.
constexpr core::Span kFirstPause = core::Milliseconds(50);
constexpr core::Span kLongestPause = core::Seconds(5);
// One that is killed again and again, as where there is no memory left.
constexpr core::Span kBetweenKills = core::Milliseconds(20);
// One that has lived so long has not ended because it cannot run.
constexpr core::Span kLivedLong = core::Seconds(10);
// What a failure's words may wait for.
constexpr core::Span kAnswerWait = core::Milliseconds(100);
constexpr size_t kQuestionsMax = 64;
// Events that wait for a logger: those of a few seconds of a bad day.
constexpr size_t kEventBytesMax = size_t{4} << 20;
constexpr size_t kIncidentPieceBytes = size_t{64} << 10;
constexpr int64_t kFinishNs = 6'000'000'000;

logger::Writer WriterOf(const core::Incarnation& who, int32_t pid, logger::Stream stream) {
  return {
      .service = who.service, .worker = who.slot, .generation = who.generation, .pid = pid, .stream = stream};
}

}  // namespace

LogLink::LogLink(platform::EventLoop* loop, platform::Children* children, LogSurroundings surroundings)
    : loop_(loop),
      children_(children),
      surroundings_(std::move(surroundings)),
      memory_(memfd_create("fectl-log", MFD_CLOEXEC)) {
  PLOG_IF(WARNING, !memory_.valid()) << "what the logger holds will be lost if it is killed: no memory file";
}

LogLink::~LogLink() {
  Close();
}

void LogLink::Close() {
  if (link_.has_value() && watched_) loop_->Unwatch(link_->fd());
  watched_ = false;
  link_.reset();
}

absl::Status LogLink::Launch() {
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return absl::ErrnoToStatus(errno, "cannot make its sockets");
  link_.emplace(base::UniqueFd(ends[0]));
  const base::UniqueFd theirs(ends[1]);
  platform::LaunchSpec spec;
  // The program that runs, even where its file was replaced meanwhile.
  spec.executable = "/proc/self/exe";
  spec.argv = {"fectl-log", memory_.valid() ? "--log-server=3,4" : "--log-server=3"};
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
    spec.environment.emplace_back(*variable);
  std::vector<int> passed = {theirs.get()};
  if (memory_.valid()) passed.push_back(memory_.get());
  const platform::PreparedLaunch launch(std::move(spec));
  platform::LaunchOutcome outcome = launch.Launch({.passed_fds = passed});
  if (auto* const error = std::get_if<platform::LaunchError>(&outcome))
    return absl::UnavailableError(error->ToString());
  child_ = children_->Adopt(std::move(std::get<platform::LaunchResult>(outcome)), this);
  watched_ = true;
  return loop_->Watch(link_->fd(), EPOLLIN, this);
}

void LogLink::Start(core::Instant now) {
  now_ = started_at_ = now;
  restart_at_ = core::kNever;
  beaten_ = false;
  const absl::Status launched = Launch();
  if (launched.ok()) return SendAll();
  LOG(ERROR) << "the logger cannot be started: " << launched.message() << "; it is tried again";
  Close();
  RestartAt(now + kLongestPause);
}

void LogLink::RestartAt(core::Instant at) {
  restart_at_ = at;
  silent_at_ = core::kNever;
}

// All that a new logger has to know.
void LogLink::SendAll() {
  Send(settings_);
  for (const auto& [service, name] : names_) SendService(service);
  const std::map<logger::Writer, base::UniqueFd>& pipes = pipes_;
  for (const auto& [writer, pipe] : pipes) Send(logger::PipeGiven{writer}, {pipe.get()});
  Send(logger::AllGiven{});
  for (const Event& event : events_) Send(logger::EventGiven{event.sequence, event.json});
  SendPing(kFirstSilence);
}

void LogLink::SendPing(core::Span patience) {
  pinged_at_ = now_;
  silent_at_ = now_ + patience;
  Send(logger::Ping{});
}

bool LogLink::Send(const logger::ToLogger& message, const std::vector<int>& fds) {
  if (!link_.has_value()) return false;
  const bool sent = link_->Send(logger::Encode(message), fds);
  if (link_->has_kept()) WatchLink();
  return sent;
}

void LogLink::WatchLink() {
  if (!watched_) return;
  loop_->Modify(link_->fd(), EPOLLIN | (link_->has_kept() ? uint32_t{EPOLLOUT} : 0U)).IgnoreError();
}

void LogLink::Use(const config::Config& config) {
  const logger::Settings settings = LogSettingsOf(config, surroundings_);
  const bool others = !(config.logs == logs_);
  if (!(settings == settings_)) {
    settings_ = settings;
    Send(settings_);
  }
  logs_ = config.logs;
  std::set<std::string> changed;
  for (const config::ServiceConfig& service : config.services) {
    const auto known = configured_.find(service.name);
    if (known == configured_.end() || !(known->second.logs == service.logs)) changed.insert(service.name);
    configured_[service.name] = service;
  }
  for (const auto& [id, name] : names_) {
    if (others || changed.contains(name)) SendService(id);
  }
}

void LogLink::SetName(core::ServiceId service, const std::string& name) {
  const auto known = names_.find(service);
  if (known != names_.end() && known->second == name) return;
  names_[service] = name;
  SendService(service);
}

void LogLink::SendService(core::ServiceId service) {
  const std::string& name = names_.at(service);
  config::ServiceConfig configured;
  configured.name = name;
  if (const auto known = configured_.find(name); known != configured_.end()) configured = known->second;
  logger::ServiceSettings settings = ServiceLogSettingsOf(logs_, configured, surroundings_);
  settings.service = service;
  Send(settings);
}

void LogLink::ForgetService(core::ServiceId service) {
  if (names_.erase(service) > 0) Send(logger::ServiceGone{service});
}

absl::StatusOr<WorkerPipes> LogLink::Open(core::ServiceId service, bool out, bool error,
                                          const platform::Identity* identity) const {
  const auto name = names_.find(service);
  const auto known = name == names_.end() ? configured_.end() : configured_.find(name->second);
  const bool split = known != configured_.end() && SplitsStreams(logs_, known->second, surroundings_);
  return OpenWorkerPipes(out, error, split, identity);
}

void LogLink::Add(const core::Incarnation& who, int32_t pid, WorkerPipes pipes) {
  const bool split = pipes.error_read.valid();
  const auto add = [&](base::UniqueFd read, logger::Stream stream) {
    if (!read.valid()) return;
    const logger::Writer writer = WriterOf(who, pid, stream);
    Send(logger::PipeGiven{writer}, {read.get()});
    pipes_[writer] = std::move(read);
  };
  add(std::move(pipes.out_read), split ? logger::Stream::kOut : logger::Stream::kBoth);
  add(std::move(pipes.error_read), logger::Stream::kErr);
}

void LogLink::AppendEvent(uint64_t sequence, std::string json) {
  events_bytes_ += json.size();
  Send(logger::EventGiven{sequence, json});
  events_.push_back({sequence, std::move(json)});
  bool lost = false;
  while (events_bytes_ > kEventBytesMax && events_.size() > 1) {
    events_bytes_ -= events_.front().json.size();
    events_.pop_front();
    lost = true;
  }
  LOG_IF_EVERY_N(ERROR, lost, 1000) << "events are lost: the logger does not keep them";
}

void LogLink::PutIncident(uint64_t id, std::string bytes) {
  std::string_view rest = bytes;
  do {
    const std::string_view piece = rest.substr(0, kIncidentPieceBytes);
    rest.remove_prefix(piece.size());
    if (!Send(logger::IncidentPiece{id, rest.empty(), std::string(piece)})) {
      LOG(ERROR) << "incident " << id << " is lost: the logger does not run";
      return;
    }
  } while (!rest.empty());
}

void LogLink::AskLast(const core::Incarnation& who, core::Instant now, LastLines done) {
  Question question{.deadline = now + kAnswerWait, .done = std::move(done)};
  const uint64_t number = next_question_++;
  const bool asked = questions_.size() < kQuestionsMax &&
                     Send(logger::LastWanted{number, who.service, who.slot, who.generation});
  question.answered = !asked;
  questions_[number] = std::move(question);
}

void LogLink::Reopen(bool streams) {
  if (streams) {
    Send(logger::ReopenFiles{true}, {STDOUT_FILENO, STDERR_FILENO});
  } else {
    Send(logger::ReopenFiles{false});
  }
}

void LogLink::OnReady(uint32_t /*events*/) {
  link_->Flush();
  ReadAll();
  if (!link_->ended()) return WatchLink();
  if (watched_) loop_->Unwatch(link_->fd());
  watched_ = false;
}

void LogLink::ReadAll() {
  while (link_.has_value()) {
    const std::optional<logger::LinkEnd::Received> received = link_->Receive();
    if (!received.has_value()) return;
    const std::optional<logger::ToMaster> message = logger::DecodeToMaster(received->bytes);
    if (message.has_value()) std::visit([this](const auto& one) { Take(one); }, *message);
  }
}

void LogLink::Take(const logger::Beat& /*beat*/) {
  beaten_ = true;
  silent_at_ = core::kNever;
}

void LogLink::Take(const logger::PipeEnded& ended) {
  pipes_.erase(ended.writer);
}

void LogLink::Take(const logger::EventsKept& kept) {
  while (!events_.empty() && events_.front().sequence <= kept.sequence) {
    events_bytes_ -= events_.front().json.size();
    events_.pop_front();
  }
}

void LogLink::Take(const logger::LastGiven& given) {
  const auto question = questions_.find(given.question);
  if (question == questions_.end()) return;
  question->second.lines = given.lines;
  question->second.answered = true;
}

void LogLink::Take(const logger::Said& said) {
  if (said.error) {
    LOG(ERROR) << said.text;
  } else {
    LOG(INFO) << said.text;
  }
}

void LogLink::Take(const logger::IncidentsThere& there) {
  newest_incident_ = std::max(newest_incident_, there.newest);
}

void LogLink::Take(const logger::Dropped& dropped) {
  dropped_lines_ += dropped.lines;
  const auto service = static_cast<core::ServiceId>(dropped.service);
  const auto name = names_.find(service);
  LOG(WARNING) << "service " << (name == names_.end() ? "that was removed" : name->second) << ": "
               << dropped.why;
  if (on_dropped_) on_dropped_(service, dropped.lines, dropped.why);
}

void LogLink::OnChildExit(platform::Child& /*child*/, const platform::ExitStatus& status) {
  ReadAll();
  LOG(ERROR) << "the logger " << status.ToString() << "; another one is started, and goes on where it was";
  Close();
  const core::Instant now{platform::MonotonicNanos()};
  const bool killed = status.kind == platform::ExitStatus::Kind::kSignaled && status.code == SIGKILL;
  if (started_at_ + kLivedLong < now) pause_ = {};
  // Somebody else's will, and not a mistake that comes again: workers are not to notice.
  if (killed) return RestartAt(std::max(now, started_at_ + kBetweenKills));
  RestartAt(now + pause_);
  pause_ = pause_.ns == 0 ? kFirstPause : std::min(core::Span{pause_.ns * 2}, kLongestPause);
}

void LogLink::AnswerQuestions(core::Instant now) {
  std::vector<Question> due;
  for (auto one = questions_.begin(); one != questions_.end();) {
    if (one->second.answered || one->second.deadline <= now) {
      due.push_back(std::move(one->second));
      one = questions_.erase(one);
    } else {
      ++one;
    }
  }
  for (Question& question : due) question.done(std::move(question.lines));
}

void LogLink::OnTurn(core::Instant now) {
  now_ = now;
  if (!questions_.empty()) AnswerQuestions(now);
  if (child_ != nullptr && child_->reaped()) child_.reset();
  if (silent_at_ <= now && child_ != nullptr) {
    // What it has said while the master did not run counts.
    ReadAll();
    if (silent_at_ <= now) {
      LOG(ERROR) << "the logger (pid " << child_->pid() << ") has said nothing for "
                 << (beaten_ ? kSilence : kFirstSilence).ns / 1'000'000'000
                 << " s: it is killed, and another one is started";
      silent_at_ = core::kNever;
      child_->SignalGroup(SIGKILL).IgnoreError();
    }
  }
  if (restart_at_ <= now && child_ == nullptr) Start(now);
  if (link_.has_value() && silent_at_ == core::kNever && pinged_at_ + kPingPause <= now) SendPing(kSilence);
}

core::Instant LogLink::next_deadline() const {
  core::Instant due = std::min(silent_at_, restart_at_);
  if (child_ != nullptr && child_->reaped()) due = core::Instant{};
  for (const auto& [number, question] : questions_)
    due = std::min(due, question.answered ? core::Instant{} : question.deadline);
  return due;
}

void LogLink::Finish() {
  for (auto& [number, question] : questions_) question.done(std::nullopt);
  questions_.clear();
  if (child_ == nullptr) return;
  Send(logger::Leave{});
  const int64_t deadline_ns = platform::MonotonicNanos() + kFinishNs;
  while (link_.has_value() && !link_->ended()) {
    const int64_t left_ms = (deadline_ns - platform::MonotonicNanos()) / 1'000'000;
    if (left_ms <= 0) break;
    pollfd ready = {link_->fd(), static_cast<short>(link_->has_kept() ? POLLIN | POLLOUT : POLLIN), 0};
    poll(&ready, 1, static_cast<int>(left_ms));
    link_->Flush();
    ReadAll();
  }
  const bool ended = !link_.has_value() || link_->ended();
  LOG_IF(ERROR, !ended) << "the logger has not written the last lines within 6 s: it is killed";
  if (!ended) child_->SignalGroup(SIGKILL).IgnoreError();
  // Who has ended is reaped by init.
  child_->Release();
  Close();
}

}  // namespace fectl::runtime
