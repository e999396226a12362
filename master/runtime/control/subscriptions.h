#ifndef MASTER_RUNTIME_CONTROL_SUBSCRIPTIONS_H_
#define MASTER_RUNTIME_CONTROL_SUBSCRIPTIONS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "master/runtime/control/control_client.h"

namespace fectl::runtime {

// Which control clients listen to what. At most kSubscriptionsMax of one client and kAllSubscriptionsMax of
// all; half of these for one user other than root.
class Subscriptions {
 public:
  struct One {
    ClientId client = 0;
    uid_t user = 0;
    int id = 0;  // the client's number for it
    std::string service;
  };

  // nullptr: done. Otherwise why it cannot be, in words for the client.
  const char* Add(One subscription);
  // False: there is none.
  bool Remove(ClientId client, int id);
  void RemoveClient(ClientId client);

  const std::vector<One>& all() const { return all_; }

 private:
  std::vector<One> all_;
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_CONTROL_SUBSCRIPTIONS_H_
