// The golden vectors of testdata/wire, both ways. (The Python codec beside them meets the same files.)
#include <fstream>
#include <functional>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "proto_spec/control_messages.h"
#include "proto_spec/environment.h"
#include "proto_spec/frame.h"
#include "proto_spec/testing/golden_meaning.h"
#include "proto_spec/testing/hex_bytes.h"
#include "proto_spec/worker_messages.h"
#include "rapidjson/document.h"

namespace fectl::proto {
namespace {

using Json = rapidjson::Value;

struct Vector {
  const Json* json;
  // What gtest shows of a case.
  friend std::ostream& operator<<(std::ostream& out, const Vector& vector) {
    return out << (*vector.json)["name"].GetString();
  }
};

std::vector<Vector> Load(const std::string& area) {
  // Kept until the end: the cases point into them.
  static std::vector<std::unique_ptr<rapidjson::Document>> documents;
  documents.push_back(std::make_unique<rapidjson::Document>());
  rapidjson::Document& document = *documents.back();
  std::ifstream file("testdata/wire/" + area + ".json");
  std::stringstream text;
  text << file.rdbuf();
  document.Parse<rapidjson::kParseFullPrecisionFlag>(text.str().c_str());
  std::vector<Vector> vectors;
  if (document.HasParseError()) return vectors;
  for (const Json& vector : document["vectors"].GetArray()) vectors.push_back({&vector});
  return vectors;
}

std::string Bytes(const Json& hex) {
  return HexBytes({hex.GetString(), hex.GetStringLength()});
}

std::string Text(const Json& string) {
  return std::string(string.GetString(), string.GetStringLength());
}

std::string PayloadOf(const Json& vector) {
  FrameReader reader(kBaseFrameBytesMax);
  reader.Append(Bytes(vector["bytes"]));
  const auto payload = reader.Next();
  if (!payload.ok() || !payload->has_value()) {
    ADD_FAILURE() << "not a frame";
    return "";
  }
  std::string text(**payload);
  EXPECT_FALSE(reader.mid_frame());
  if (vector.HasMember("payload")) {
    EXPECT_EQ(text, Text(vector["payload"]));
  }
  return text;
}

template <typename Message>
void Check(const Json& vector, const std::function<absl::StatusOr<Message>(std::string_view)>& decode,
           const std::function<std::string(const Message&)>& encode,
           const std::function<Message(const Json&)>& read) {
  const std::string payload = PayloadOf(vector);
  const absl::StatusOr<Message> message = decode(payload);
  if (vector.HasMember("error")) {
    const bool unknown = Text(vector["error"]) == "unknown";
    EXPECT_EQ(message.status().code(),
              unknown ? absl::StatusCode::kUnimplemented : absl::StatusCode::kInvalidArgument);
    return;
  }
  ASSERT_TRUE(message.ok()) << message.status();
  const Message expected = read(vector["meaning"]);
  EXPECT_TRUE(*message == expected) << encode(*message) << " instead of " << encode(expected);
  const std::string encoded = encode(expected);
  EXPECT_TRUE(decode(encoded).value() == expected) << encoded;
  if (!vector["canonical"].GetBool()) return;
  std::string frame;
  ASSERT_TRUE(AppendFrame(encoded, Level::kBase, &frame).ok());
  EXPECT_EQ(frame, Bytes(vector["bytes"]));
}

// "text", or ["byte or character", times].
std::string Repeated(const Json& piece) {
  if (piece.IsString()) return Text(piece);
  std::string text;
  for (int i = 0; i < piece[1].GetInt(); ++i) text += Text(piece[0]);
  return text;
}

void CheckStream(const Json& vector) {
  FrameReader reader(vector["payload_bytes_max"].GetUint(), vector["long_frames"].GetBool());
  std::vector<std::string> payloads;
  std::string end;
  for (const Json& piece : vector["pieces"].GetArray()) {
    const std::string hex = Repeated(piece);
    reader.Append(HexBytes(hex));
    while (true) {
      const auto next = reader.Next();
      if (!next.ok()) end = "error";
      if (!next.ok() || !next->has_value()) break;
      payloads.emplace_back(**next);
    }
  }
  if (end.empty() && reader.mid_frame()) end = "waiting";
  EXPECT_EQ(end, Text(vector["end"]));
  ASSERT_EQ(payloads.size(), vector["payloads"].Size());
  for (size_t i = 0; i < payloads.size(); ++i) {
    EXPECT_TRUE(payloads[i] == Repeated(vector["payloads"][static_cast<unsigned>(i)])) << "payload " << i;
  }
}

template <typename Value>
void CheckText(const Json& vector, const absl::StatusOr<Value>& parsed, const Value& expected,
               const std::string& formatted) {
  if (vector.HasMember("error")) {
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    return;
  }
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_TRUE(*parsed == expected);
  EXPECT_EQ(formatted, Text(vector["text"]));
}

void CheckEnvironment(const Json& vector) {
  const std::string variable = Text(vector["variable"]);
  const std::string text = Text(vector["text"]);
  const bool good = vector.HasMember("meaning");
  if (variable == kChannelVariable) {
    const ChannelVariable channel = good ? ChannelMeaning(vector["meaning"]) : ChannelVariable{};
    CheckText(vector, ParseChannel(text), channel, FormatChannel(channel));
  } else if (variable.starts_with(kArgumentsVariablePrefix)) {
    const std::vector<std::string> arguments =
        good ? ArgumentsMeaning(vector["meaning"]) : std::vector<std::string>{};
    CheckText(vector, ParseArguments(text), arguments, FormatArguments(arguments));
  } else if (variable == kSocketNamesVariable) {
    const std::vector<std::string> names =
        good ? ArgumentsMeaning(vector["meaning"]) : std::vector<std::string>{};
    CheckText(vector, ParseNames(text), names, FormatNames(names));
  } else {
    ASSERT_TRUE(variable.starts_with(kSocketVariablePrefix));
    const SocketVariable socket = good ? SocketMeaning(vector["meaning"]) : SocketVariable{};
    CheckText(vector, ParseSocket(text), socket, FormatSocket(socket));
  }
}

// Level 3 lets the reasons and the outcomes of answers through; the vectors of lower levels have none.
std::string EncodeAnswer(const Response& response) {
  return EncodeResponse(response, Level::kThree);
}

std::string Name(const testing::TestParamInfo<Vector>& info) {
  return Text((*info.param.json)["name"]);
}

class WorkerMessages : public testing::TestWithParam<Vector> {};
class MasterCommands : public testing::TestWithParam<Vector> {};
class Requests : public testing::TestWithParam<Vector> {};
class Responses : public testing::TestWithParam<Vector> {};
class Frames : public testing::TestWithParam<Vector> {};
class Environment : public testing::TestWithParam<Vector> {};

TEST_P(WorkerMessages, BothWays) {
  Check<WorkerMessage>(*GetParam().json, DecodeWorkerMessage, EncodeWorkerMessage, WorkerMessageMeaning);
}
TEST_P(MasterCommands, BothWays) {
  Check<MasterCommand>(*GetParam().json, DecodeMasterCommand, EncodeMasterCommand, MasterCommandMeaning);
}
TEST_P(Requests, BothWays) {
  Check<Request>(
      *GetParam().json, [](std::string_view payload) { return DecodeRequest(payload); }, EncodeRequest,
      RequestMeaning);
}
TEST_P(Responses, BothWays) {
  Check<Response>(*GetParam().json, DecodeResponse, EncodeAnswer, ResponseMeaning);
}
TEST_P(Frames, AreCutOut) {
  CheckStream(*GetParam().json);
}
TEST_P(Environment, BothWays) {
  CheckEnvironment(*GetParam().json);
}

INSTANTIATE_TEST_SUITE_P(Golden, WorkerMessages, testing::ValuesIn(Load("worker_messages")), Name);
INSTANTIATE_TEST_SUITE_P(Golden, MasterCommands, testing::ValuesIn(Load("master_commands")), Name);
INSTANTIATE_TEST_SUITE_P(Golden, Requests, testing::ValuesIn(Load("requests")), Name);
INSTANTIATE_TEST_SUITE_P(Golden, Responses, testing::ValuesIn(Load("responses")), Name);
INSTANTIATE_TEST_SUITE_P(Golden, Frames, testing::ValuesIn(Load("frames")), Name);
INSTANTIATE_TEST_SUITE_P(Golden, Environment, testing::ValuesIn(Load("environment")), Name);

TEST(GoldenVectorsTest, AreThere) {
  for (const char* area :
       {"worker_messages", "master_commands", "requests", "responses", "frames", "environment"}) {
    EXPECT_FALSE(Load(area).empty()) << area;
  }
}

}  // namespace
}  // namespace fectl::proto
