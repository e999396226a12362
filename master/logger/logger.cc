#include "master/logger/logger.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "master/logger/sinks/console_sink.h"
#include "master/logger/sinks/file_sink.h"
#include "master/logger/sinks/journald_sink.h"
#include "master/logger/sinks/syslog_sink.h"
#include "master/platform/loop/clock.h"

namespace fectl::logger {
namespace {

// How long the last lines may take to be written. fectld waits for it as long.
constexpr int kFinishMs = 5'000;
// What readers have not taken then they ask the next logger for, or it is in files.
constexpr int kReadersMs = 1'000;
// Old files go by their age as well, when nothing is closed.
constexpr int64_t kTidyEveryMs = 600'000;
// Of events that wait for a disk: a second of many.
constexpr size_t kStoreTasksMax = 10'000;

int64_t MonotonicMs() {
  return platform::MonotonicNanos() / 1'000'000;
}

int64_t UnixMs() {
  return platform::WallNanos() / 1'000'000;
}

}  // namespace

Logger::Logger(std::unique_ptr<platform::EventLoop> loop, std::unique_ptr<Arena> arena, base::UniqueFd link)
    : loop_(std::move(loop)),
      arena_(std::move(arena)),
      link_(std::move(link)),
      intake_(arena_.get(), loop_.get(),
              [this](const Writer& writer) {
                registry_.SetEnded(writer.service, writer.worker, writer.pid);
                Tell(PipeEnded{writer});
              }),
      tidy_(&room_, [this](std::string text) { OnSaid(true, std::move(text)); }),
      readers_(std::make_unique<ReaderServer>(loop_.get(), &registry_)) {}

Logger::~Logger() {
  tidy_.Stop();
  readers_.reset();
}

absl::StatusOr<std::unique_ptr<Logger>> Logger::Make(base::UniqueFd link, base::UniqueFd memory) {
  auto loop = platform::EventLoop::Create();
  if (!loop.ok()) return loop.status();
  auto arena = Arena::Open(std::move(memory));
  if (!arena.ok()) return arena.status();
  std::unique_ptr<Logger> logger(new Logger(*std::move(loop), *std::move(arena), std::move(link)));
  if (absl::Status begun = logger->Begin(); !begun.ok()) return begun;
  return logger;
}

absl::Status Logger::Begin() {
  if (absl::Status watched = loop_->Watch(bell_.fd(), EPOLLIN, &bell_watcher_); !watched.ok()) return watched;
  return loop_->Watch(link_.fd(), EPOLLIN, this);
}

absl::Status Logger::Run() {
  while (!leaves_) {
    const int64_t wait_ns = OnTurn();
    if (link_.ended() && intake_.size() == 0) break;
    bell_.Prepare();
    // What other threads had to say before is looked at first.
    const bool waits = later_empty();
    if (absl::StatusOr<int> turned = loop_->Turn(waits ? wait_ns : 0); !turned.ok()) return turned.status();
  }
  return Finish();
}

int64_t Logger::OnTurn() {
  const int64_t now_ms = MonotonicMs();
  const int64_t t_ms = UnixMs();
  intake_.RetryFull(now_ms, t_ms);
  int64_t due_ms = intake_.OnTurn(now_ms, t_ms);
  TellKept();
  if (!gone_.empty()) DropGone();
  if (now_ms >= tidy_at_ms_) OnFilesToTidy();
  return std::max<int64_t>(0, std::min<int64_t>(due_ms, tidy_at_ms_) - now_ms) * 1'000'000;
}

void Logger::WatchLink() {
  if (link_.ended()) {
    loop_->Unwatch(link_.fd());
  } else {
    const uint32_t events = EPOLLIN | (link_.has_kept() ? uint32_t{EPOLLOUT} : 0U);
    if (!loop_->Modify(link_.fd(), events).ok()) leaves_ = true;
  }
}

void Logger::OnReady(uint32_t /*events*/) {
  link_.Flush();
  while (!leaves_) {
    std::optional<LinkEnd::Received> received = link_.Receive();
    if (!received.has_value()) break;
    Take(*std::move(received));
  }
  WatchLink();
}

void Logger::Take(LinkEnd::Received received) {
  const std::optional<ToLogger> message = DecodeToLogger(received.bytes);
  if (!message.has_value()) return OnSaid(true, "the logger has got a message that it does not know");
  std::visit([&](const auto& one) { Do(one, &received.fds); }, *message);
}

void Logger::Do(const Settings& settings, std::vector<base::UniqueFd>* /*fds*/) {
  registry_.SetGrants(settings.grants);
  room_.Set(settings.keep_free_bytes, settings.keep_free_percent);
  tidy_.SetTotal(settings.total_bytes);
  store_.Post([this, folder = settings.folder] {
    registry_.events().Open(folder);
    TellLater(IncidentsThere{registry_.incidents().Open(folder)});
  });
  if (absl::Status listens = readers_->Listen(settings.socket, !settings.grants.empty()); !listens.ok()) {
    OnSaid(true, absl::StrCat("nobody can read lines and events: ", std::string(listens.message())));
  }
}

std::shared_ptr<ServiceLog> Logger::LogOf(const ServiceSettings& settings) {
  for (const Arena::Service& block : arena_->services()) {
    if (block.head->service == settings.service) return std::make_shared<ServiceLog>(block, settings);
  }
  absl::StatusOr<Arena::Service> block = arena_->AddService();
  if (!block.ok()) {
    OnSaid(true, absl::StrCat("the output of service ", settings.name,
                              " is lost: ", std::string(block.status().message())));
    return nullptr;
  }
  // Greater than any number that another master has given, unless a service writes a million lines a second
  // for ever.
  Ring::Begin(*block, settings.service, settings.name, static_cast<uint64_t>(platform::WallNanos() / 1000));
  return std::make_shared<ServiceLog>(*block, settings);
}

void Logger::Do(const ServiceSettings& settings, std::vector<base::UniqueFd>* /*fds*/) {
  tidy_.SetService(settings);
  if (const std::shared_ptr<ServiceLog> log = registry_.Find(settings.service); log != nullptr) {
    const ServiceLog::SettingsPtr before = log->settings();
    log->Change(settings);
    for (const Target target : before->to) {
      if (!WritesTo(settings, target)) writing_[static_cast<size_t>(target)]->Detach(log.get());
    }
    return Attach(log);
  }
  const std::shared_ptr<ServiceLog> log = LogOf(settings);
  if (log == nullptr) return;
  log->SetRoomBell(&bell_);
  registry_.AddService(log);
  Attach(log);
}

std::unique_ptr<Sink> Logger::MakeSink(Target target, ServiceLog* log) {
  SinkObserver* const observer = this;
  switch (target) {
    case Target::kFile:
      return std::make_unique<FileSink>(log, &room_, observer);
    case Target::kJournald:
      return std::make_unique<JournaldSink>(log, observer);
    case Target::kSyslog:
      return std::make_unique<SyslogSink>(log, observer);
    case Target::kConsole:
      break;
  }
  return std::make_unique<ConsoleSink>(log, STDOUT_FILENO, STDERR_FILENO, observer);
}

void Logger::Attach(const std::shared_ptr<ServiceLog>& log) {
  for (const Target target : log->settings()->to) {
    std::unique_ptr<WritingThread>& thread = writing_[static_cast<size_t>(target)];
    if (thread == nullptr) {
      thread = std::make_unique<WritingThread>(
          target, [this, target](ServiceLog* of) { return MakeSink(target, of); });
    }
    thread->Attach(log);
  }
}

void Logger::Do(const PipeGiven& given, std::vector<base::UniqueFd>* fds) {
  const std::shared_ptr<ServiceLog> log = registry_.Find(given.writer.service);
  if (log == nullptr || fds->size() != 1) return Tell(PipeEnded{given.writer});
  if (absl::Status added = intake_.Add(given.writer, std::move(fds->front()), log); !added.ok()) {
    OnSaid(true, absl::StrCat("the output of process ", given.writer.pid,
                              " is lost: ", std::string(added.message())));
    return Tell(PipeEnded{given.writer});
  }
  registry_.SetRunning(given.writer.service, given.writer.worker, given.writer.pid);
}

void Logger::Do(const AllGiven& /*given*/, std::vector<base::UniqueFd>* /*fds*/) {
  intake_.FinishOthers(UnixMs(), [this](uint64_t service) { return registry_.Find(service); });
  const std::vector<Arena::Service> blocks = arena_->services();
  for (const Arena::Service& block : blocks) {
    if (registry_.Find(block.head->service) == nullptr) arena_->Drop(block);
  }
}

void Logger::Do(const ServiceGone& gone, std::vector<base::UniqueFd>* /*fds*/) {
  const std::shared_ptr<ServiceLog> log = registry_.Find(gone.service);
  if (log == nullptr) return;
  registry_.RemoveService(gone.service);
  intake_.ForgetService(gone.service);
  for (const Target target : log->settings()->to) writing_[static_cast<size_t>(target)]->Detach(log.get());
  gone_.push_back(log);
}

// Once nobody but this has it any more.
void Logger::DropGone() {
  std::erase_if(gone_, [this](const std::shared_ptr<ServiceLog>& log) {
    if (log.use_count() > 1) return false;
    tidy_.ForgetService(log->settings()->service);
    arena_->Drop(log->block());
    return true;
  });
}

void Logger::Do(const EventGiven& event, std::vector<base::UniqueFd>* /*fds*/) {
  if (store_.waiting() > kStoreTasksMax) return;  // the master says it again, to this logger or the next one
  store_.Post([this, event] {
    const absl::Status kept = registry_.events().Append(event.sequence, event.json);
    if (kept.ok() == events_fail_) {
      events_fail_ = !kept.ok();
      OnSaid(events_fail_, events_fail_ ? std::string(kept.message()) : "events are written again");
    }
    TellLater(EventsKept{event.sequence});
  });
}

void Logger::Do(const IncidentPiece& piece, std::vector<base::UniqueFd>* /*fds*/) {
  if (store_.waiting() > kStoreTasksMax) return;
  store_.Post([this, piece] {
    const absl::Status kept = registry_.incidents().Put(piece.id, piece.last, piece.bytes, UnixMs());
    if (!kept.ok()) OnSaid(true, std::string(kept.message()));
  });
}

void Logger::Do(const LastWanted& wanted, std::vector<base::UniqueFd>* /*fds*/) {
  Tell(LastGiven{wanted.question,
                 intake_.LastLines(wanted.service, wanted.worker, wanted.generation, UnixMs())});
}

void Logger::Do(const ReopenFiles& reopen, std::vector<base::UniqueFd>* fds) {
  if (reopen.streams && fds->size() == 2) {
    for (int stream = 0; stream < 2; ++stream) {
      // The writing thread goes on with the new file in its next write.
      if (dup3((*fds)[static_cast<size_t>(stream)].get(), stream + 1, 0) < 0)
        OnSaid(true, "the logger could not take fectld's new output");
    }
  }
  for (const auto& thread : writing_) {
    if (thread != nullptr) thread->Reopen();
  }
}

void Logger::Do(const Ping& /*ping*/, std::vector<base::UniqueFd>* /*fds*/) {
  Tell(Beat{});
}

void Logger::Do(const Leave& /*leave*/, std::vector<base::UniqueFd>* /*fds*/) {
  leaves_ = true;
}

void Logger::OnSaid(bool error, std::string text) {
  TellLater(Said{error, std::move(text)});
}

void Logger::OnDropped(uint64_t service, uint64_t lines, std::string why) {
  TellLater(Dropped{service, lines, std::move(why)});
}

void Logger::OnFilesToTidy() {
  tidy_at_ms_ = MonotonicMs() + kTidyEveryMs;
  if (tidying_.waiting() < 2) tidying_.Post([this] { tidy_.Run(UnixMs()); });
}

void Logger::Tell(const ToMaster& message) {
  link_.Send(Encode(message));
  if (link_.has_kept()) WatchLink();
}

void Logger::TellLater(const ToMaster& message) {
  {
    const std::lock_guard lock(later_mutex_);
    later_.push_back(Encode(message));
  }
  bell_.Ring();
}

bool Logger::later_empty() {
  const std::lock_guard lock(later_mutex_);
  return later_.empty();
}

void Logger::TellKept() {
  std::deque<std::string> messages;
  {
    const std::lock_guard lock(later_mutex_);
    messages.swap(later_);
  }
  for (std::string& message : messages) link_.Send(std::move(message));
  if (link_.has_kept()) WatchLink();
}

absl::Status Logger::Finish() {
  intake_.ReadAll(UnixMs());
  bool all = true;
  for (const auto& thread : writing_) all = (thread == nullptr || thread->Finish(kFinishMs)) && all;
  all = store_.Finish(kFinishMs) && all;
  readers_->Finish(kReadersMs);
  TellKept();
  if (all) return absl::OkStatus();
  return absl::DeadlineExceededError("the last lines could not be written within 5 s");
}

}  // namespace fectl::logger
