#include "master/evidence/python_stacks.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto_spec/json/json_tree.h"
#include "proto_spec/message.h"

namespace fectl::evidence {
namespace {

using proto::JsonTree;

constexpr size_t kStacksMax = 200;
constexpr size_t kFramesMax = 100;

std::string TextOf(const JsonTree::Value* value) {
  return value != nullptr && value->IsString() ? std::string(proto::Text(*value)) : "";
}

bool IsTrue(const JsonTree::Value* value) {
  return value != nullptr && value->IsBool() && value->GetBool();
}

Frame ReadFrame(const JsonTree::Value& value) {
  Frame frame;
  if (!value.IsArray() || value.Size() != 4) return frame;
  frame.function = TextOf(&value[0]);
  frame.file = TextOf(&value[1]);
  frame.line = value[2].IsInt() ? value[2].GetInt() : 0;
  frame.library = IsTrue(&value[3]);
  return frame;
}

bool IsLibrary(std::string_view file) {
  return file.starts_with("<frozen ") || file.find("/lib/python3") != std::string_view::npos ||
         file.find("/fectl_worker/") != std::string_view::npos;
}

// `  File "/srv/shop/db.py", line 88 in query`.
bool ReadLine(absl::string_view line, Frame* frame) {
  constexpr std::string_view kMiddle = "\", line ";
  if (!absl::ConsumePrefix(&line, "  File \"")) return false;
  const size_t middle = line.rfind(absl::string_view(kMiddle.data(), kMiddle.size()));
  if (middle == absl::string_view::npos) return false;
  frame->file = std::string(line.substr(0, middle));
  const absl::string_view rest = line.substr(middle + kMiddle.size());
  const size_t in = rest.find(" in ");
  if (in == absl::string_view::npos || !absl::SimpleAtoi(rest.substr(0, in), &frame->line)) return false;
  frame->function = std::string(rest.substr(in + 4));
  frame->library = IsLibrary(frame->file);
  return true;
}

}  // namespace

std::vector<PythonStack> ReadTold(std::string_view json) {
  std::vector<PythonStack> stacks;
  if (!proto::ValidJson(json)) return stacks;
  const JsonTree tree(json);
  if (!tree.root().IsObject()) return stacks;
  const JsonTree::Value* list = proto::FindMember(tree.root(), "stacks");
  if (list == nullptr || !list->IsArray()) return stacks;
  for (const JsonTree::Value& item : list->GetArray()) {
    if (!item.IsObject() || stacks.size() == kStacksMax) continue;
    PythonStack stack;
    stack.name = TextOf(proto::FindMember(item, "name"));
    stack.is_task = IsTrue(proto::FindMember(item, "task"));
    stack.serves = IsTrue(proto::FindMember(item, "serves"));
    const JsonTree::Value* frames = proto::FindMember(item, "frames");
    if (frames == nullptr || !frames->IsArray()) continue;
    for (const JsonTree::Value& frame : frames->GetArray()) {
      if (stack.frames.size() < kFramesMax) stack.frames.push_back(ReadFrame(frame));
    }
    stacks.push_back(std::move(stack));
  }
  return stacks;
}

std::vector<PythonStack> ReadFaulthandler(std::string_view text) {
  std::vector<PythonStack> stacks;
  for (const absl::string_view line : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    Frame frame;
    if (absl::StartsWith(line, "Thread 0x") || absl::StartsWith(line, "Current thread 0x")) {
      if (stacks.size() == kStacksMax) break;
      stacks.push_back({.name = std::string(line.substr(0, line.find(" (")))});
    } else if (!stacks.empty() && ReadLine(line, &frame)) {
      stacks.back().frames.push_back(std::move(frame));
    }
  }
  if (!stacks.empty()) stacks.back().serves = true;
  return stacks;
}

}  // namespace fectl::evidence
