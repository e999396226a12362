#include "client/http/server.h"

#include <algorithm>
#include <limits>

#include "absl/status/statusor.h"
#include "client/http/event_frames.h"
#include "client/http/site.h"

namespace fectl::http {
namespace {

// Clients that are taken in one turn: the others wait in the kernel's queue for the next one.
constexpr int kAcceptsInATurn = 16;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
// Between two portions of work that nobody waits for.
constexpr int64_t kWorkPauseMs = 5;

// Whether anything was found for a descriptor.
short Found(const pollfd*& next, int fd) {
  if (fd < 0) return 0;
  return (next++)->revents;
}

}  // namespace

Server::Server(const CommandLine& line, std::string control_path)
    : control_path_(std::move(control_path)),
      hosts_(line.hosts),
      link_(control_path_),
      answers_(&link_, line.readiness, line.last_lines) {}

void Server::Stop(int64_t deadline_ms, int64_t now_ms) {
  accepting_ = false;
  stopping_ = true;
  stop_ms_ = deadline_ms;
  for (Client& client : clients_) client.connection.Finish(now_ms);
}

size_t Server::streams() const {
  return static_cast<size_t>(std::count_if(clients_.begin(), clients_.end(),
                                           [](const Client& client) { return client.events != nullptr; }));
}

bool Server::takes_clients() const {
  return accepting_ && (clients_.size() < kConnectionsMax ||
                        std::any_of(clients_.begin(), clients_.end(),
                                    [](const Client& client) { return client.connection.is_idle(); }));
}

void Server::Add(std::vector<pollfd>* polled) const {
  for (const Listener& listener : listeners_) {
    if (takes_clients()) polled->push_back({listener.fd(), POLLIN, 0});
  }
  if (link_.fd() >= 0) polled->push_back({link_.fd(), link_.poll_events(), 0});
  for (const Client& client : clients_) {
    polled->push_back({client.connection.fd(), client.connection.poll_events(), 0});
    if (client.events == nullptr || client.events->fd() < 0) continue;
    // What a client does not take is left to the logger, which keeps it within limits.
    const short events = client.connection.has_room() ? client.events->poll_events() : short{0};
    polled->push_back({client.events->fd(), events, 0});
  }
}

int64_t Server::wake_ms(int64_t now_ms) const {
  int64_t wake_ms = std::min(link_.wake_ms(), stopping_ ? stop_ms_ : kNever);
  if (answers_.has_work()) wake_ms = std::min(wake_ms, now_ms + kWorkPauseMs);
  for (const Client& client : clients_) {
    wake_ms = std::min(wake_ms, client.connection.deadline_ms());
    if (client.since_ms.has_value()) {
      wake_ms = std::min(wake_ms, Answers::DeadlineMs(RouteOf(client.target), *client.since_ms));
    }
    if (client.events != nullptr && !client.events->ended())
      wake_ms = std::min(wake_ms, client.events->wake_ms());
  }
  return wake_ms;
}

void Server::Turn(const pollfd* polled, int64_t now_ms, int64_t now) {
  std::vector<const Listener*> knocked;
  if (takes_clients()) {
    for (const Listener& listener : listeners_) {
      if (Found(polled, listener.fd()) != 0) knocked.push_back(&listener);
    }
  }
  link_.OnReady(Found(polled, link_.fd()), now_ms);
  link_.OnTime(now_ms);
  for (Client& client : clients_) {
    client.connection.OnReady(Found(polled, client.connection.fd()), now_ms);
    if (client.events != nullptr) client.events->OnReady(Found(polled, client.events->fd()));
    client.connection.OnTime(now_ms);
    Serve(&client, now_ms, now);
  }
  const bool late = stopping_ && now_ms >= stop_ms_;
  std::erase_if(clients_, [&](const Client& client) { return late || client.connection.done(); });
  for (const Listener* const listener : knocked) Accept(*listener, now_ms, now);
  answers_.Work();
}

// The one that has waited longest for the rest of a request, or for the next, gives its place to another:
// whoever fills all of them with halves of requests keeps nobody out.
bool Server::MakeRoom() {
  if (clients_.size() < kConnectionsMax) return true;
  auto oldest = clients_.end();
  for (auto client = clients_.begin(); client != clients_.end(); ++client) {
    if (!client->connection.is_idle()) continue;
    if (oldest == clients_.end() || client->connection.since_ms() < oldest->connection.since_ms())
      oldest = client;
  }
  if (oldest == clients_.end()) return false;
  clients_.erase(oldest);
  return true;
}

void Server::Accept(const Listener& listener, int64_t now_ms, int64_t now) {
  for (int i = 0; i < kAcceptsInATurn && takes_clients(); ++i) {
    base::UniqueFd fd = listener.Accept();
    if (!fd.valid() || !MakeRoom()) return;
    Client& client = clients_.emplace_back(Connection(std::move(fd), now_ms));
    // The request has mostly come with it.
    client.connection.OnReady(POLLIN, now_ms);
    Serve(&client, now_ms, now);
  }
}

void Server::Serve(Client* client, int64_t now_ms, int64_t now) {
  Connection& connection = client->connection;
  while (!connection.done()) {
    if (client->events != nullptr) return Pump(client, now_ms, now);
    if (!client->since_ms.has_value()) {
      const std::optional<Request> request = connection.TakeRequest(now_ms, now);
      if (!request.has_value()) return;
      TakeUp(client, *request, now_ms, now);
      continue;
    }
    const std::optional<Reply> reply = answers_.Try(RouteOf(client->target), *client->since_ms, now_ms, now);
    if (!reply.has_value()) return;
    client->since_ms.reset();
    connection.Answer(*reply, now_ms, now);
  }
}

void Server::TakeUp(Client* client, const Request& request, int64_t now_ms, int64_t now) {
  if (const auto refusal = RefusalOf(request, hosts_, client->connection.local_address())) {
    return client->connection.Answer(*refusal, now_ms, now);
  }
  if (RouteOf(request.target).kind == Route::Kind::kEvents) return BeginEvents(client, request, now_ms, now);
  client->target = request.target;
  client->since_ms = now_ms;
}

void Server::BeginEvents(Client* client, const Request& request, int64_t now_ms, int64_t now) {
  Connection& connection = client->connection;
  absl::StatusOr<proto::EventsRequest> wanted =
      EventsRequestOf(RouteOf(request.target).query, request.last_event_id);
  if (!wanted.ok()) return connection.Answer(Plain(400, std::string(wanted.status().message())), now_ms, now);
  if (stopping_ || streams() >= kStreamsMax) {
    return connection.Answer(Plain(503, "too many follow the events already"), now_ms, now);
  }
  auto events = std::make_unique<EventPump>(control_path_, *std::move(wanted));
  const absl::Status opened = events->Open(now_ms, now);
  if (!opened.ok()) return connection.Answer(Plain(503, std::string(opened.message())), now_ms, now);
  Reply head;
  head.type = kEventStream;
  // nginx holds back what comes slowly, unless it is told not to.
  head.more_headers = "X-Accel-Buffering: no\r\n";
  connection.BeginStream(head, now_ms, now);
  if (!connection.is_stream()) return;
  connection.Append(kFirstFrame, now_ms);
  client->events = std::move(events);
}

void Server::Pump(Client* client, int64_t now_ms, int64_t now) {
  if (!client->connection.is_stream()) return;
  client->events->OnTime(now_ms, now);
  while (client->connection.has_room()) {
    const std::string frame = client->events->TakeFrame(now_ms);
    if (frame.empty()) break;
    client->connection.Append(frame, now_ms);
  }
  if (client->events->ended()) client->connection.End(now_ms);
}

}  // namespace fectl::http
