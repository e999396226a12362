#include "proto_spec/json/json_tree.h"

#include <map>

namespace fectl::proto {

const JsonTree::Value* FindMember(const JsonTree::Value& object, std::string_view name) {
  for (auto member = object.MemberEnd(); member != object.MemberBegin();) {
    --member;
    if (Text(member->name) == name) return &member->value;
  }
  return nullptr;
}

std::optional<std::vector<std::pair<std::string, double>>> ReadNumbers(const JsonTree::Value& value) {
  if (!value.IsObject()) return std::nullopt;
  std::vector<std::pair<std::string, double>> numbers;
  std::map<std::string_view, size_t> places;
  for (const auto& member : value.GetObject()) {
    if (!member.value.IsNumber()) return std::nullopt;
    const auto [place, is_new] = places.emplace(Text(member.name), numbers.size());
    if (is_new) numbers.emplace_back(Text(member.name), 0);
    numbers[place->second].second = member.value.GetDouble();
  }
  return numbers;
}

}  // namespace fectl::proto
