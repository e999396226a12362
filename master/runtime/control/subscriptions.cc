#include "master/runtime/control/subscriptions.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "master/runtime/limits.h"

namespace fectl::runtime {

const char* Subscriptions::Add(One subscription) {
  size_t of_client = 0;
  size_t of_user = 0;
  for (const One& one : all_) {
    if (one.user == subscription.user) ++of_user;
    if (one.client != subscription.client) continue;
    ++of_client;
    if (one.id == subscription.id) return "this connection has a subscription with this id already";
  }
  if (of_client >= kSubscriptionsMax) return "this connection has too many subscriptions";
  const bool root = subscription.user == 0;
  if (!root && of_user >= kAllSubscriptionsMax / 2) return "this user has too many subscriptions";
  if (all_.size() >= kAllSubscriptionsMax) return "there are too many subscriptions";
  all_.push_back(std::move(subscription));
  return nullptr;
}

bool Subscriptions::Remove(ClientId client, int id) {
  return std::erase_if(all_, [=](const One& one) { return one.client == client && one.id == id; }) > 0;
}

void Subscriptions::RemoveClient(ClientId client) {
  std::erase_if(all_, [=](const One& one) { return one.client == client; });
}

}  // namespace fectl::runtime
