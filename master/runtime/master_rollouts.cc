// The part of the master that watches rollouts, and hands in what operators say of them.

#include <glog/logging.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "master/runtime/master.h"
#include "proto_spec/message.h"

namespace fectl::runtime {

void Master::UseLive(const config::Config& config) {
  logs_.Use(config);
  rollouts_.Use(config);
}

void Master::Steer(ClientId client, const Peer& who, const core::Service& service,
                   const proto::Request& request) {
  static constexpr std::pair<std::string_view, core::Verb> kOrders[] = {
      {"promote", core::Verb::kPromote}, {"pause", core::Verb::kHold}, {"abort", core::Verb::kAbort}};
  const std::string& order = std::get<proto::RolloutOrder>(request.arguments).order;
  for (const auto& [word, verb] : kOrders) {
    if (order != word) continue;
    LOG(INFO) << who.ToString() << " asks: rollout " << order << " " << service.policy().name;
    const core::RequestId id = driver_.supervisor().NewRequest();
    Waiting waiting;
    waiting.client = client;
    waiting.verb = request.verb;
    waiting_.emplace(id, waiting);
    return Emit(core::Commanded{.request = id, .service = service.id(), .verb = verb});
  }
  server_.Answer(client, proto::ErrorInWords("there is no order " + proto::QuotedStart(order) +
                                             " for a rollout; there are promote, pause and abort"));
}

void Master::WatchRollouts(const core::Event& event) {
  if (const auto* loaded = std::get_if<core::WorkerLoaded>(&event)) {
    if (const core::Service* service = supervisor().Find(loaded->who.service))
      rollouts_.OnLoaded(*service, loaded->who);
    return;
  }
  const auto* beat = std::get_if<core::WorkerBeat>(&event);
  if (beat == nullptr || !rollouts_.watches_beats()) return;
  const core::Service* const service = supervisor().Find(beat->who.service);
  const WorkerLink* const link = workers_.Find(beat->who);
  if (service == nullptr || link == nullptr) return;
  const auto old_gauges = [&] {
    std::vector<RolloutWatch::Gauges> gauges;
    for (const core::Slot& slot : service->slots()) {
      const auto* baking = std::get_if<core::Baking>(&slot.state());
      if (baking == nullptr) continue;
      const WorkerLink* const old =
          workers_.Find({service->id(), slot.index(), baking->old.process.generation});
      if (old != nullptr) gauges.push_back(old->gauges());
    }
    return gauges;
  };
  if (auto follows = rollouts_.OnBeat(*service, beat->who, link->gauges(), old_gauges))
    Emit(*std::move(follows));
}

}  // namespace fectl::runtime
