#include "master/runtime/listeners/listener_set.h"

#include <glog/logging.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "master/platform/loop/patience.h"
#include "master/platform/sockets/listeners.h"
#include "master/runtime/limits.h"

namespace fectl::runtime {
namespace {

platform::ListenSpec ToSpec(const config::SocketConfig& socket) {
  platform::ListenSpec spec;
  switch (socket.proto) {
    case config::SocketProto::kTcp4:
      spec.protocol = platform::ListenSpec::Protocol::kTcp4;
      break;
    case config::SocketProto::kTcp6:
      spec.protocol = platform::ListenSpec::Protocol::kTcp6;
      break;
    case config::SocketProto::kUnix:
      spec.protocol = platform::ListenSpec::Protocol::kUnix;
      break;
    case config::SocketProto::kAny:
      spec.protocol = platform::ListenSpec::Protocol::kAny;
      break;
  }
  spec.host = socket.host;
  spec.addresses = socket.addresses;
  spec.port = socket.port;
  spec.path = socket.path;
  spec.backlog = socket.backlog;
  if (socket.mode.has_value()) spec.mode = static_cast<mode_t>(*socket.mode);
  if (socket.owner_id.has_value()) spec.owner = *socket.owner_id;
  if (socket.group_id.has_value()) spec.group = *socket.group_id;
  return spec;
}

int FamilyOf(config::SocketProto proto) {
  switch (proto) {
    case config::SocketProto::kTcp4:
      return AF_INET;
    case config::SocketProto::kTcp6:
      return AF_INET6;
    case config::SocketProto::kUnix:
      return AF_UNIX;
    case config::SocketProto::kAny:
      break;
  }
  return AF_UNSPEC;
}

SharedSocket Share(const config::SocketConfig& socket, ListenerId id, const WatchedListener& listener) {
  const int family = listener.family() != 0 ? listener.family() : FamilyOf(socket.proto);
  return {.name = socket.name,
          .listener = id,
          .fd = listener.fd(),
          .family = family,
          .type = SOCK_STREAM,
          .protocol = family == AF_UNIX ? 0 : IPPROTO_TCP,
          .address = listener.address(),
          .app = socket.app,
          .arguments = socket.arguments,
          .services = socket.services};
}

}  // namespace

ListenerSet::~ListenerSet() = default;

void ListenerSet::Close() {
  listeners_.clear();
}

absl::StatusOr<std::unique_ptr<ListenerSet>> ListenerSet::Open(
    const std::vector<config::SocketConfig>& sockets, platform::PassedSockets passed) {
  std::unique_ptr<ListenerSet> set(new ListenerSet(std::move(passed)));
  // What a killed fectld has left behind may be about to end.
  const platform::Patience patience(kLeftoversMs);
  for (const config::SocketConfig& socket : sockets) {
    auto listener = std::make_unique<WatchedListener>(socket.name, set->SpecOf(socket));
    if (absl::Status numbered = listener->OpenFirst(patience); !numbered.ok()) return numbered;
    const ListenerId id = ++set->newest_;
    set->shared_.push_back(Share(socket, id, *listener));
    set->listeners_.push_back({id, std::move(listener)});
  }
  return set;
}

platform::ListenSpec ListenerSet::SpecOf(const config::SocketConfig& socket) const {
  platform::ListenSpec spec = ToSpec(socket);
  if (!socket.from_systemd) return spec;
  spec.passed = &passed_;
  spec.passed_name = socket.name;
  spec.backlog = SOMAXCONN;  // for a listening that has to be taken up again; the unit's is not known
  return spec;
}

absl::Status ListenerSet::Watch(platform::EventLoop* loop, ListenerUsers* users) {
  loop_ = loop;
  users_ = users;
  for (const Member& member : listeners_) {
    if (absl::Status watched = member.listener->Watch(loop); !watched.ok()) return watched;
  }
  return absl::OkStatus();
}

WatchedListener* ListenerSet::Find(ListenerId id) const {
  const auto found = std::find_if(listeners_.begin(), listeners_.end(),
                                  [id](const Member& member) { return member.id == id; });
  return found == listeners_.end() ? nullptr : found->listener.get();
}

absl::Status ListenerSet::StateOf(ListenerId id) const {
  const WatchedListener* const listener = Find(id);
  return listener == nullptr ? absl::OkStatus() : listener->why_not();
}

absl::Status ListenerSet::OpenMissing(const std::vector<ListenerId>& ids) {
  for (const ListenerId id : ids) {
    WatchedListener* const listener = Find(id);
    if (listener == nullptr) continue;
    if (absl::Status opened = listener->OpenMissing(); !opened.ok()) return opened;
  }
  return absl::OkStatus();
}

void ListenerSet::ShowAddresses(const std::vector<ListenerId>& ids,
                                std::vector<proto::SocketView>* sockets) const {
  for (size_t i = 0; i < ids.size() && i < sockets->size(); ++i) {
    if (const WatchedListener* const listener = Find(ids[i]); listener != nullptr)
      (*sockets)[i].address = listener->ShownAddress();
  }
}

void ListenerSet::MakeReachable(const std::vector<ListenerId>& ids) {
  for (const ListenerId id : ids) {
    if (WatchedListener* const listener = Find(id); listener != nullptr) listener->MakeReachable();
  }
}

void ListenerSet::OnTurn(core::Instant now) {
  for (const Member& member : listeners_) {
    WatchedListener& listener = *member.listener;
    if (listener.revive_at() > now || !listener.Revive(now, users_->Suspects(member.id))) continue;
    users_->OnOpenedAnew(member.id, listener.name());
  }
}

core::Instant ListenerSet::next_deadline() const {
  core::Instant next = core::kNever;
  for (const Member& member : listeners_) next = std::min(next, member.listener->revive_at());
  return next;
}

// One of port 0 has a port of its own, which belongs to its name.
const ListenerSet::Member* ListenerSet::FindAt(const platform::ListenSpec& spec,
                                               const std::string& name) const {
  const bool chosen =
      spec.protocol != platform::ListenSpec::Protocol::kUnix && spec.passed == nullptr && spec.port == 0;
  const auto found = std::find_if(listeners_.begin(), listeners_.end(), [&](const Member& member) {
    return member.listener->IsAt(spec) && (!chosen || member.listener->name() == name);
  });
  return found == listeners_.end() ? nullptr : &*found;
}

absl::StatusOr<ListenerSet::Member> ListenerSet::OpenNew(const config::SocketConfig& socket) {
  const platform::ListenSpec spec = SpecOf(socket);
  auto listener = std::make_unique<WatchedListener>(socket.name, spec);
  bool beside_another = false;
  for (const Member& member : listeners_) {
    if (!member.listener->Overlaps(spec)) continue;
    if (absl::Status shared = member.listener->ShareAddress(); !shared.ok()) return shared;
    beside_another = true;
  }
  absl::Status opened = listener->OpenNow(beside_another);
  if (opened.ok()) opened = listener->Watch(loop_);
  if (!opened.ok()) return opened;
  return Member{++newest_, std::move(listener)};
}

absl::StatusOr<std::vector<SharedSocket>> ListenerSet::OpenFor(
    const std::vector<config::SocketConfig>& sockets) {
  std::vector<SharedSocket> shared;
  std::vector<Member> opened;
  std::vector<Before> changed;
  for (const config::SocketConfig& socket : sockets) {
    const platform::ListenSpec spec = SpecOf(socket);
    absl::Status done;
    if (const Member* const there = FindAt(spec, socket.name); there != nullptr) {
      changed.push_back({there->listener.get(), there->listener->spec(), there->listener->turned_away()});
      done = there->listener->TakeBack();
      if (done.ok()) done = there->listener->Change(spec);
      shared.push_back(Share(socket, there->id, *there->listener));
    } else if (auto fresh = OpenNew(socket); fresh.ok()) {
      shared.push_back(Share(socket, fresh->id, *fresh->listener));
      opened.push_back(*std::move(fresh));
    } else {
      done = fresh.status();
    }
    if (done.ok()) continue;
    PutBack(changed);
    return done;
  }
  for (Member& member : opened) {
    LOG(INFO) << "socket " << member.listener->name() << " listens on " << member.listener->address();
    listeners_.push_back(std::move(member));
  }
  return shared;
}

void ListenerSet::PutBack(const std::vector<Before>& changed) {
  for (const Before& before : changed) {
    const absl::Status back = before.listener->Change(before.spec);
    LOG_IF(ERROR, !back.ok()) << back.message();
    if (before.turned_away) before.listener->TurnAway();
  }
}

void ListenerSet::Use(std::vector<SharedSocket> shared) {
  shared_ = std::move(shared);
  for (const SharedSocket& socket : shared_) {
    if (WatchedListener* const listener = Find(socket.listener); listener != nullptr)
      listener->Rename(socket.name);
  }
}

bool ListenerSet::IsRetired(ListenerId id) const {
  return std::none_of(shared_.begin(), shared_.end(),
                      [id](const SharedSocket& socket) { return socket.listener == id; });
}

void ListenerSet::CloseUnused(const std::function<bool(ListenerId)>& is_used) {
  std::erase_if(listeners_, [&](const Member& member) {
    const bool unused = IsRetired(member.id) && !is_used(member.id);
    LOG_IF(INFO, unused) << "socket " << member.listener->name() << " is closed: no worker has "
                         << member.listener->address() << " any more";
    return unused;
  });
}

void ListenerSet::TurnAway(ListenerId id) {
  if (WatchedListener* const listener = Find(id); listener != nullptr) listener->TurnAway();
}

}  // namespace fectl::runtime
