#include "master/apply/difference.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "master/apply/key_classes.h"
#include "master/config/print_toml.h"

namespace fectl::apply {
namespace {

using config::Config;
using config::ServiceConfig;
using config::SocketConfig;
using proto::ChangeView;
using proto::KeyChangeView;

using Texts = std::map<std::string, std::string>;

Texts AsMap(const config::KeyValues& values) {
  return {values.begin(), values.end()};
}

// The keys with different values, in the order of their names.
std::vector<KeyChangeView> ChangedKeys(const Texts& before, const Texts& after) {
  std::vector<KeyChangeView> changed;
  for (const auto& [key, value] : before) {
    const auto found = after.find(key);
    if (found == after.end()) changed.push_back({key, value, ""});
    if (found != after.end() && found->second != value) changed.push_back({key, value, found->second});
  }
  for (const auto& [key, value] : after) {
    if (!before.contains(key)) changed.push_back({key, "", value});
  }
  std::sort(changed.begin(), changed.end(),
            [](const KeyChangeView& a, const KeyChangeView& b) { return a.key < b.key; });
  return changed;
}

// What a service's processes get, whatever it comes from; only names may be shown.
Texts Variables(const ServiceConfig& service) {
  Texts variables;
  for (const auto& [name, value] : service.environ_from_files) variables[name] = "=" + value;
  for (const std::string& name : service.environ_passed) variables[name] = "(fectld's own)";
  for (const auto& [name, value] : service.environ) variables[name] = "=" + value;
  return variables;
}

std::string Count(int number, std::string_view what) {
  return absl::StrCat(number, " ", std::string(what), number == 1 ? "" : "s");
}

// Where people connect: two sockets of one configuration never have the same.
std::string AddressKey(const SocketConfig& socket) {
  if (socket.from_systemd) {
    return absl::StrCat("systemd ", socket.name, " ", static_cast<int>(socket.proto), " ", socket.host, " ",
                        socket.port, " ", socket.path);
  }
  if (socket.proto == config::SocketProto::kUnix) return "unix " + socket.path;
  const std::string where = socket.addresses.empty() ? socket.host : absl::StrJoin(socket.addresses, " ");
  const std::string kind = socket.proto == config::SocketProto::kTcp6 ? "tcp6 " : "tcp4 ";
  // The kernel chooses port 0 for each socket anew.
  return absl::StrCat(kind, where, " ", socket.port, socket.port == 0 ? " " + socket.name : "");
}

// What a worker of the service gets of its sockets.
using Passed = std::tuple<std::string, std::string, std::optional<std::string>, std::vector<std::string>>;
std::vector<Passed> SocketsOf(const Config& config, const std::string& service) {
  std::vector<Passed> passed;
  for (const SocketConfig& socket : config.sockets) {
    if (socket.IsFor(service))
      passed.emplace_back(socket.name, AddressKey(socket), socket.app, socket.arguments);
  }
  std::sort(passed.begin(), passed.end());
  return passed;
}

class Comparison {
 public:
  Comparison(const Config& running, const Config& wanted) : running_(running), wanted_(wanted) {
    for (const ServiceConfig& service : running.services) services_before_[service.name] = &service;
  }

  Difference Take() {
    Section("master", config::ValuesOf(running_.master), config::ValuesOf(wanted_.master));
    Section("logging", config::ValuesOf(running_.logging), config::ValuesOf(wanted_.logging));
    Logs();
    for (const ServiceConfig& service : wanted_.services) Service(service);
    for (const ServiceConfig& service : running_.services) {
      if (!kept_.contains(service.name)) Removed(service);
    }
    Sockets();
    return std::move(out_);
  }

 private:
  void Section(const std::string& name, const config::KeyValues& before, const config::KeyValues& after) {
    ChangeView change{.section = name, .kind = "restart", .keys = ChangedKeys(AsMap(before), AsMap(after))};
    if (change.keys.empty()) return;
    for (const KeyChangeView& key : change.keys) NeedsRestart(absl::StrCat(name, ".", key.key));
    change.words = "needs a restart of fectld";
    out_.changes.push_back(std::move(change));
  }

  void Logs() {
    ChangeView change{
        .section = "logs",
        .kind = std::string(ToWord(KeyClass::kLive)),
        .keys = ChangedKeys(AsMap(config::ValuesOf(running_.logs)), AsMap(config::ValuesOf(wanted_.logs)))};
    if (!change.keys.empty()) out_.changes.push_back(std::move(change));
  }

  void NeedsRestart(const std::string& key) {
    absl::StrAppend(&out_.needs_restart, out_.needs_restart.empty() ? "" : ", ", key);
  }

  // The service of that name; else the one that `renamed_from` names, where that name is free now.
  const ServiceConfig* Before(const ServiceConfig& service) const {
    if (const auto found = services_before_.find(service.name); found != services_before_.end())
      return found->second;
    const auto found = services_before_.find(service.renamed_from);
    if (service.renamed_from.empty() || found == services_before_.end()) return nullptr;
    const bool taken = std::any_of(wanted_.services.begin(), wanted_.services.end(),
                                   [&](const ServiceConfig& s) { return s.name == service.renamed_from; });
    return taken ? nullptr : found->second;
  }

  void Service(const ServiceConfig& service) {
    const ServiceConfig* const before = Before(service);
    if (before == nullptr) return Added(service);
    kept_[before->name] = service.name;
    ServiceStep step{.name = service.name, .num_before = before->num, .num_after = service.num};
    const size_t shown = out_.changes.size();
    if (before->name != service.name) {
      step.renamed_from = before->name;
      step.live = true;
      out_.changes.push_back({.section = "service",
                              .name = service.name,
                              .kind = "rename",
                              .words = "was " + before->name + "; its workers stay"});
    }
    Keys(*before, service, &step);
    if (SocketsOf(running_, before->name) != SocketsOf(wanted_, service.name)) {
      step.roll = true;
      rolled_by_sockets_.push_back(service.name);
    }
    const bool changes = step.live || step.roll || step.num_before != step.num_after;
    if (changes) out_.services.push_back(step);
    if (!changes && shown == out_.changes.size()) ++out_.untouched;
  }

  static KeyClass ClassOfChange(const ServiceConfig& before, const ServiceConfig& after,
                                const std::string& key) {
    // What a worker was told when it was started is shorter then, which does no harm.
    if (key == "timeout" && after.timeout_ms > before.timeout_ms) return KeyClass::kLive;
    if (key == "shutdown_timeout" && after.shutdown_timeout_ms > before.shutdown_timeout_ms)
      return KeyClass::kLive;
    for (const std::string section : {"logs", "rollout", "recycle"}) {
      if (key.starts_with(section + "."))
        return ClassOf("service." + section, std::string_view(key).substr(section.size() + 1));
    }
    return ClassOf("service", key);
  }

  void Keys(const ServiceConfig& before, const ServiceConfig& after, ServiceStep* step) {
    Texts texts_before = AsMap(config::ValuesOf(before));
    Texts texts_after = AsMap(config::ValuesOf(after));
    for (const char* const unseen : {"name", "renamed_from", "environ", "env_file"}) {
      texts_before.erase(unseen);
      texts_after.erase(unseen);
    }
    std::map<KeyClass, std::vector<KeyChangeView>> by_class;
    for (KeyChangeView& key : ChangedKeys(texts_before, texts_after))
      by_class[ClassOfChange(before, after, key.key)].push_back(std::move(key));
    for (const KeyChangeView& variable : ChangedKeys(Variables(before), Variables(after)))
      by_class[KeyClass::kRoll].push_back({"environ: " + variable.key, "", ""});
    if (before.identity != after.identity && before.uid == after.uid && before.gid == after.gid)
      by_class[KeyClass::kRoll].push_back(
          {"uid", "as the user was when fectld looked it up", "as it is now"});
    for (auto& [key_class, keys] : by_class) {
      ChangeView change{.section = "service", .name = after.name, .kind = std::string(ToWord(key_class))};
      if (key_class == KeyClass::kLive) step->live = true;
      if (key_class == KeyClass::kRoll) {
        step->roll = true;
        change.words = RollWords(before, after);
      }
      if (key_class == KeyClass::kRestart) {
        for (const KeyChangeView& key : keys)
          NeedsRestart(absl::StrCat("service.", after.name, ".", key.key));
        change.words = "needs a restart of fectld, or another name for the service";
      }
      change.keys = std::move(keys);
      out_.changes.push_back(std::move(change));
    }
  }

  // How many of `num` workers are replaced at a time.
  static int AtOnce(const ServiceConfig& service, int num) {
    const auto of = [num](const config::Portion& part, bool up) {
      return part.percent ? (num * part.value + (up ? 99 : 0)) / 100 : part.value;
    };
    const int surge =
        service.rollout.max_surge.has_value() ? of(*service.rollout.max_surge, true) : service.max_surge;
    const int at_once = surge + of(service.rollout.max_unavailable, false);
    return at_once == 0 ? num : std::min(at_once, num);
  }

  static std::string RollWords(const ServiceConfig& before, const ServiceConfig& after) {
    if (after.type == config::ServiceType::kOneshot)
      return after.autostart ? "a oneshot: it runs again" : "a oneshot: its next run is as this says";
    const int at_once = AtOnce(after, before.num);
    const std::string first = after.before_roll.empty() ? "" : "runs " + after.before_roll + ", then ";
    return absl::StrCat(first, Count(before.num, "worker"),
                        at_once < before.num ? absl::StrCat(", ", at_once, " at a time") : "");
  }

  void Added(const ServiceConfig& service) {
    out_.services.push_back({.name = service.name, .added = true, .num_after = service.num});
    ChangeView change{.section = "service", .name = service.name, .kind = "add"};
    change.words = service.type == config::ServiceType::kOneshot ? "a oneshot" : Count(service.num, "worker");
    if (!service.autostart) change.words += ", not started by itself";
    if (!service.renamed_from.empty() && services_before_.contains(service.renamed_from))
      change.words += "; " + service.renamed_from + " is still there, so that nothing is renamed";
    out_.changes.push_back(std::move(change));
  }

  void Removed(const ServiceConfig& service) {
    out_.services.push_back({.name = service.name, .removed = true, .num_before = service.num});
    out_.changes.push_back({.section = "service",
                            .name = service.name,
                            .kind = "remove",
                            .words = absl::StrCat(Count(service.num, "worker"), ", drains up to ",
                                                  (service.shutdown_timeout_ms + 999) / 1000, " s")});
  }

  // Of two sockets that are matched, where the address is the same the name may differ, and the other way
  // round.
  const SocketConfig* Match(const SocketConfig& socket) const {
    const auto& sockets = running_.sockets;
    const auto same_address = std::find_if(sockets.begin(), sockets.end(), [&](const SocketConfig& s) {
      return AddressKey(s) == AddressKey(socket);
    });
    if (same_address != sockets.end()) return &*same_address;
    const auto same_name = std::find_if(sockets.begin(), sockets.end(),
                                        [&](const SocketConfig& s) { return s.name == socket.name; });
    if (same_name == sockets.end()) return nullptr;
    // Not where another one took its address over.
    const bool taken =
        std::any_of(wanted_.sockets.begin(), wanted_.sockets.end(),
                    [&](const SocketConfig& s) { return AddressKey(s) == AddressKey(*same_name); });
    return taken ? nullptr : &*same_name;
  }

  // The services that have it, of those whose workers are replaced for their sockets.
  std::vector<std::string> RolledFor(const SocketConfig* before, const SocketConfig* after) const {
    std::vector<std::string> rolled;
    for (const std::string& name : rolled_by_sockets_) {
      const auto kept =
          std::find_if(kept_.begin(), kept_.end(), [&](const auto& k) { return k.second == name; });
      const bool had = before != nullptr && before->IsFor(kept->first);
      if (had || (after != nullptr && after->IsFor(name))) rolled.push_back(name);
    }
    return rolled;
  }

  void Socket(std::string_view kind, const SocketConfig* before, const SocketConfig* after, std::string words,
              std::vector<KeyChangeView> keys, bool rolls) {
    const SocketConfig& shown = after != nullptr ? *after : *before;
    out_.changes.push_back({.section = "socket",
                            .name = shown.name,
                            .kind = std::string(kind),
                            .words = std::move(words),
                            .keys = std::move(keys),
                            .rolls = rolls ? RolledFor(before, after) : std::vector<std::string>()});
  }

  void Sockets() {
    std::vector<const SocketConfig*> matched;
    for (const SocketConfig& socket : wanted_.sockets) {
      const SocketConfig* const before = Match(socket);
      matched.push_back(before);
      if (before == nullptr) {
        Socket("add", nullptr, &socket, "", {}, true);
      } else {
        MatchedSocket(*before, socket);
      }
    }
    for (const SocketConfig& socket : running_.sockets) {
      if (std::find(matched.begin(), matched.end(), &socket) == matched.end())
        Socket("remove", &socket, nullptr, "closes when the last worker that has it left", {}, true);
    }
  }

  void MatchedSocket(const SocketConfig& before, const SocketConfig& after) {
    std::map<KeyClass, std::vector<KeyChangeView>> by_class;
    for (KeyChangeView& key : ChangedKeys(AsMap(config::ValuesOf(before)), AsMap(config::ValuesOf(after))))
      by_class[ClassOf("socket", key.key)].push_back(std::move(key));
    const bool rebinds = AddressKey(before) != AddressKey(after);
    if (rebinds && !by_class.contains(KeyClass::kRebind))
      by_class[KeyClass::kRebind].push_back(
          {"host", absl::StrJoin(before.addresses, " "), absl::StrJoin(after.addresses, " ")});
    for (auto& [key_class, keys] : by_class) {
      // A host that is written otherwise and means the same address; a list of services whose members were
      // renamed.
      const bool same = key_class == KeyClass::kRebind ? !rebinds : RolledFor(&before, &after).empty();
      const bool live = key_class == KeyClass::kLive || same;
      std::string words = key_class == KeyClass::kRebind && same ? "the same address"
                          : live                                 ? "same queue"
                                                                 : "";
      Socket(live ? "live" : ToWord(key_class), &before, &after, std::move(words), std::move(keys), !live);
    }
    if (by_class.empty()) ++out_.untouched;
  }

  const Config& running_;
  const Config& wanted_;
  std::map<std::string, const ServiceConfig*> services_before_;
  std::map<std::string, std::string> kept_;  // names before, and now
  std::vector<std::string> rolled_by_sockets_;
  Difference out_;
};

// FNV-1a.
void AddTo(uint64_t* hash, std::string_view text) {
  for (const char c : text) *hash = (*hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  *hash = (*hash ^ 0xff) * 1099511628211U;
}

void AddTo(uint64_t* hash, const Config& config) {
  AddTo(hash, config::PrintToml(config));
  for (const ServiceConfig& service : config.services) {
    for (const auto& [name, value] : Variables(service)) AddTo(hash, name + value);
    if (service.identity.has_value())
      AddTo(hash, absl::StrCat(service.identity->uid, ":", service.identity->gid, ":",
                               absl::StrJoin(service.identity->groups, ",")));
  }
  for (const SocketConfig& socket : config.sockets) AddTo(hash, AddressKey(socket));
}

}  // namespace

Difference Compare(const Config& running, const Config& wanted) {
  return Comparison(running, wanted).Take();
}

std::string IdOf(int64_t version, const Config& running, const Config& wanted) {
  uint64_t hash = 14695981039346656037U;
  AddTo(&hash, absl::StrCat(version));
  AddTo(&hash, running);
  AddTo(&hash, wanted);
  return absl::StrFormat("%07x", (hash ^ (hash >> 32)) & 0xfffffff);
}

}  // namespace fectl::apply
