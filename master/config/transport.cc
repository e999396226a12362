#include "master/config/transport.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "master/config/fields.h"
#include "rapidjson/document.h"
#include "rapidjson/error/en.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fectl::config {
namespace {

// Text: structures are objects by the names of their fields, pairs are arrays of two, what is not set is
// null, enumerations are numbers. RapidJSON copies bytes from 0x80 on as they are, both ways, since it is not
// told to validate them.
class Encoder {
 public:
  std::string Take() { return {buffer_.GetString(), buffer_.GetSize()}; }

  void Put(bool value) { writer_.Bool(value); }
  void Put(int value) { writer_.Int(value); }
  void Put(int64_t value) { writer_.Int64(value); }
  void Put(uint32_t value) { writer_.Uint(value); }
  void Put(uint64_t value) { writer_.Uint64(value); }
  void Put(const std::string& value) {
    writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }
  template <typename T>
  void Put(const std::optional<T>& value) {
    if (value.has_value()) {
      Put(*value);
    } else {
      writer_.Null();
    }
  }
  template <typename T>
  void Put(const std::vector<T>& values) {
    writer_.StartArray();
    for (const T& value : values) Put(value);
    writer_.EndArray();
  }
  template <typename A, typename B>
  void Put(const std::pair<A, B>& value) {
    writer_.StartArray();
    Put(value.first);
    Put(value.second);
    writer_.EndArray();
  }
  void Put(const KeyLines& lines) {
    writer_.StartArray();
    for (const auto& [key, place] : lines.all()) Put(std::pair(key, std::pair(place.line, place.file)));
    writer_.EndArray();
  }
  template <typename T>
  void Put(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      Put(static_cast<int>(value));
    } else {
      writer_.StartObject();
      VisitFields(value, [this](const char* name, const auto& field) {
        writer_.Key(name);
        Put(field);
      });
      writer_.EndObject();
    }
  }

 private:
  rapidjson::StringBuffer buffer_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

using Json = rapidjson::Value;

// False: the value is none of that type. `wrong` is then the name of the innermost field.
class Decoder {
 public:
  const std::string& wrong() const { return wrong_; }

  bool Get(const Json& json, bool* value) { return json.IsBool() && Store(json.GetBool(), value); }
  bool Get(const Json& json, int* value) { return json.IsInt() && Store(json.GetInt(), value); }
  bool Get(const Json& json, int64_t* value) { return json.IsInt64() && Store(json.GetInt64(), value); }
  bool Get(const Json& json, uint32_t* value) { return json.IsUint() && Store(json.GetUint(), value); }
  bool Get(const Json& json, uint64_t* value) { return json.IsUint64() && Store(json.GetUint64(), value); }
  bool Get(const Json& json, std::string* value) {
    return json.IsString() && Store(std::string(json.GetString(), json.GetStringLength()), value);
  }
  template <typename T>
  bool Get(const Json& json, std::optional<T>* value) {
    if (json.IsNull()) return Store(std::nullopt, value);
    return Get(json, &value->emplace());
  }
  template <typename T>
  bool Get(const Json& json, std::vector<T>* values) {
    if (!json.IsArray()) return false;
    values->clear();
    values->reserve(json.Size());
    for (const Json& item : json.GetArray()) {
      if (!Get(item, &values->emplace_back())) return false;
    }
    return true;
  }
  template <typename A, typename B>
  bool Get(const Json& json, std::pair<A, B>* value) {
    return json.IsArray() && json.Size() == 2 && Get(json[0], &value->first) && Get(json[1], &value->second);
  }
  bool Get(const Json& json, KeyLines* lines) {
    std::vector<std::pair<std::string, std::pair<int, int>>> places;
    if (!Get(json, &places)) return false;
    for (const auto& [key, place] : places) lines->Set(key, Place{place.first, place.second});
    return true;
  }
  template <typename T>
  bool Get(const Json& json, T* value) {
    if constexpr (std::is_enum_v<T>) {
      int number = 0;
      if (!Get(json, &number) || number < 0 || number > LastOf(T{})) return false;
      return Store(static_cast<T>(number), value);
    } else {
      if (!json.IsObject()) return false;
      bool good = true;
      VisitFields(*value, [&](const char* name, auto& field) {
        if (!good) return;
        const auto member = json.FindMember(name);
        good = member != json.MemberEnd() && Get(member->value, &field);
        if (!good && wrong_.empty()) wrong_ = name;
      });
      return good;
    }
  }

 private:
  template <typename From, typename To>
  static bool Store(From&& from, To* to) {
    *to = std::forward<From>(from);
    return true;
  }

  std::string wrong_;
};

}  // namespace

std::string EncodeLoaded(const LoadResult& result) {
  Encoder encoder;
  encoder.Put(result);
  return encoder.Take();
}

absl::StatusOr<LoadResult> DecodeLoaded(std::string_view text) {
  rapidjson::Document document;
  // Iterative: the depth of the text is not the depth of our stack.
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (document.HasParseError()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a loaded configuration cannot be read: ", rapidjson::GetParseError_En(document.GetParseError()),
        " At byte ", document.GetErrorOffset()));
  }
  LoadResult result;
  Decoder decoder;
  if (decoder.Get(document, &result)) return result;
  return absl::InvalidArgumentError(
      absl::StrCat("a loaded configuration cannot be read: \"", decoder.wrong(), "\" is missing or wrong"));
}

}  // namespace fectl::config
