#include "client/session/channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "client/session/clock.h"

namespace fectl::client {
namespace {

constexpr size_t kReadBytes = 65536;

// Rounded by nothing: poll() wants whole milliseconds, and so does everybody here.
int PollTimeout(int64_t wake_ms, int64_t now_ms) {
  if (wake_ms == kNever) return -1;
  return static_cast<int>(std::clamp<int64_t>(wake_ms - now_ms, 0, std::numeric_limits<int>::max()));
}

}  // namespace

Channel::Channel(base::UniqueFd fd, const Limits& limits)
    : fd_(std::move(fd)), limits_(limits), heard_ms_(MonotonicMs()) {}

short Channel::poll_events() const {
  return static_cast<short>(dialogue_.unsent().empty() ? POLLIN : POLLIN | POLLOUT);
}

int64_t Channel::wake_ms() const {
  const int64_t silent_ms = limits_.silence_ms == kNever ? kNever : heard_ms_ + limits_.silence_ms;
  return std::min(limits_.deadline_ms, silent_ms);
}

void Channel::OnReady(short revents, int64_t now_ms) {
  if (revents & POLLOUT) Send();
  if (revents & (POLLIN | POLLHUP | POLLERR)) Read(now_ms);
}

void Channel::OnTime(int64_t now_ms) {
  if (!end_.ok() || now_ms < wake_ms()) return;
  end_ = TimeIsOver(limits_, now_ms < limits_.deadline_ms);
}

void Channel::Send() {
  const std::string_view bytes = dialogue_.unsent();
  const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) {
    dialogue_.Sent(static_cast<size_t>(sent));
  } else if (errno != EAGAIN && errno != EINTR) {
    // The master has closed: its last words can still be read, and then comes the end.
    dialogue_.Sent(bytes.size());
  }
}

void Channel::Read(int64_t now_ms) {
  std::string buffer(kReadBytes, '\0');
  const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (got > 0) {
    heard_ms_ = now_ms;
    end_ = dialogue_.Receive(std::string_view(buffer).substr(0, static_cast<size_t>(got)));
  } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
    end_ = absl::AbortedError(
        "fectld closed the connection before it had answered: it has ended, or it has no room for another "
        "client "
        "(its log says so)");
  }
}

void PollOnce(std::span<Channel* const> channels, int64_t wake_ms) {
  std::vector<pollfd> ready;
  for (const Channel* channel : channels) {
    ready.push_back({channel->fd(), channel->poll_events(), 0});
    wake_ms = std::min(wake_ms, channel->wake_ms());
  }
  if (poll(ready.data(), ready.size(), PollTimeout(wake_ms, MonotonicMs())) < 0 && errno != EINTR) {
    // Only a lack of memory remains; the next turn tries again.
    for (pollfd& one : ready) one.revents = 0;
  }
  const int64_t now = MonotonicMs();
  for (size_t i = 0; i < channels.size(); ++i) {
    channels[i]->OnReady(ready[i].revents, now);
    channels[i]->OnTime(now);
  }
}

absl::StatusOr<proto::Response> AwaitAnswer(Channel& channel, Progress* progress, std::string_view what) {
  channel.Heard(MonotonicMs());
  for (;;) {
    if (std::optional<proto::Response> answer = channel.TakeAnswer()) return *std::move(answer);
    if (!channel.end().ok()) return channel.end();
    const int64_t now = MonotonicMs();
    if (progress != nullptr) progress->Show(what, now);
    Channel* const one[] = {&channel};
    PollOnce(one, progress == nullptr ? kNever : progress->wake_ms(now));
  }
}

absl::Status AwaitEnd(Channel& channel, Progress* progress, std::string_view what) {
  channel.Heard(MonotonicMs());
  for (;;) {
    if (!channel.end().ok()) return channel.end();
    const int64_t now = MonotonicMs();
    if (progress != nullptr) progress->Show(what, now);
    Channel* const one[] = {&channel};
    PollOnce(one, progress == nullptr ? kNever : progress->wake_ms(now));
  }
}

}  // namespace fectl::client
