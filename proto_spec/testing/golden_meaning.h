// Reads the "meaning" of a golden vector (testdata/wire) into our types, by a way of its own: nothing of the
// decoder under test is used.
#ifndef FECTL_PROTO_SPEC_TESTING_GOLDEN_MEANING_H_
#define FECTL_PROTO_SPEC_TESTING_GOLDEN_MEANING_H_

#include <string>
#include <vector>

#include "proto_spec/control_messages.h"
#include "proto_spec/environment.h"
#include "proto_spec/worker_messages.h"
#include "rapidjson/document.h"

namespace fectl::proto {

WorkerMessage WorkerMessageMeaning(const rapidjson::Value& meaning);
MasterCommand MasterCommandMeaning(const rapidjson::Value& meaning);
Request RequestMeaning(const rapidjson::Value& meaning);
Response ResponseMeaning(const rapidjson::Value& meaning);
ChannelVariable ChannelMeaning(const rapidjson::Value& meaning);
SocketVariable SocketMeaning(const rapidjson::Value& meaning);
std::vector<std::string> ArgumentsMeaning(const rapidjson::Value& meaning);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_TESTING_GOLDEN_MEANING_H_
