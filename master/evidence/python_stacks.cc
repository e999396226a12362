#include "master/evidence/python_stacks.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "proto_spec/json/json_tree.h"
#include "proto_spec/message.h"

namespace fectl::evidence {
namespace {

using Value = proto::JsonTree::Value;

// As the SDK does, so that what is longer comes of nobody who means well.
constexpr size_t kStacksMax = 300;
constexpr size_t kFramesMax = 100;

const Value* Member(const Value& object, std::string_view name) {
  return object.IsObject() ? proto::FindMember(object, name) : nullptr;
}

std::string TextOf(const Value& value) {
  return value.IsString() ? std::string(proto::Text(value)) : "";
}

std::string TextOf(const Value& object, std::string_view name) {
  const Value* value = Member(object, name);
  return value == nullptr ? "" : TextOf(*value);
}

template <typename Number>
Number NumberOf(const Value& object, std::string_view name, Number otherwise) {
  const Value* value = Member(object, name);
  if (value == nullptr || !value->IsUint64()) return otherwise;
  const auto number = static_cast<Number>(value->GetUint64());
  return number >= 0 && static_cast<uint64_t>(number) == value->GetUint64() ? number : otherwise;
}

bool IsTrue(const Value& object, std::string_view name) {
  const Value* value = Member(object, name);
  return value != nullptr && value->IsBool() && value->GetBool();
}

std::vector<std::string> TextsOf(const Value& object, std::string_view name) {
  std::vector<std::string> texts;
  const Value* list = Member(object, name);
  if (list == nullptr || !list->IsArray()) return texts;
  for (const Value& item : list->GetArray()) {
    if (item.IsString()) texts.push_back(TextOf(item));
  }
  return texts;
}

bool IsBelow(std::string_view file, std::string_view folder) {
  if (folder.ends_with('/')) folder.remove_suffix(1);
  return !folder.empty() && file.size() > folder.size() && file.starts_with(folder) &&
         file[folder.size()] == '/';
}

bool HasPackage(const PythonHead& head, std::string_view module) {
  return std::any_of(head.applications.begin(), head.applications.end(), [module](std::string_view package) {
    return !package.empty() && module.starts_with(package) &&
           (module.size() == package.size() || module[package.size()] == '.');
  });
}

// A function as people write it, and whose it is.
Frame MakeFrame(const PythonHead& head, std::string_view module, std::string_view function,
                std::string_view file, int line) {
  Frame frame{.function = std::string(function), .file = std::string(file), .line = line};
  const bool is_program = module == "__main__" || (!head.main.empty() && file == head.main);
  if (!module.empty() && !is_program) frame.function = std::string(module) + "." + frame.function;
  if (HasPackage(head, module)) return frame;
  // Installed libraries may be in a folder below that of the language.
  frame.foreign = file.find("/site-packages/") != std::string_view::npos ||
                  file.find("/dist-packages/") != std::string_view::npos;
  const auto holds = [file](std::string_view folder) { return IsBelow(file, folder); };
  const bool of_sdk = module == "fectl_worker" || module.starts_with("fectl_worker.");
  frame.library = of_sdk || file.starts_with("<frozen ") ||
                  (!frame.foreign && std::any_of(head.library.begin(), head.library.end(), holds));
  return frame;
}

// "shop.db" of "/srv/shop/db.py" where "/srv" is searched for modules.
std::string ModuleOf(const PythonHead& head, std::string_view file) {
  size_t longest = 0;
  for (const std::string& folder : head.path) {
    if (IsBelow(file, folder)) longest = std::max(longest, folder.size() + (folder.ends_with('/') ? 0 : 1));
  }
  if (longest == 0 || !file.ends_with(".py")) return "";
  std::string_view name = file.substr(longest, file.size() - longest - 3);
  if (name.ends_with("/__init__")) name.remove_suffix(9);
  return absl::StrReplaceAll(absl::string_view(name.data(), name.size()), {{"/", "."}});
}

// `  File "/srv/shop/db.py", line 88 in query`.
bool ReadDumpLine(const PythonHead& head, absl::string_view line, Frame* frame) {
  constexpr absl::string_view kMiddle = "\", line ";
  if (!absl::ConsumePrefix(&line, "  File \"")) return false;
  const size_t middle = line.rfind(kMiddle);
  if (middle == absl::string_view::npos) return false;
  const std::string file(line.substr(0, middle));
  const absl::string_view rest = line.substr(middle + kMiddle.size());
  const size_t in = rest.find(" in ");
  int number = 0;
  if (in == absl::string_view::npos || !absl::SimpleAtoi(rest.substr(0, in), &number)) return false;
  *frame = MakeFrame(head, ModuleOf(head, file), std::string(rest.substr(in + 4)), file, number);
  return true;
}

// "Thread 0x00007f5e955ff6c0 (most recent call first):", since Python 3.14 with a name behind the number.
std::optional<PythonStack> ReadDumpHeading(const PythonHead& head, absl::string_view line) {
  if (!absl::ConsumePrefix(&line, "Thread 0x") && !absl::ConsumePrefix(&line, "Current thread 0x"))
    return std::nullopt;
  uint64_t number = 0;
  const char* const end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data(), end, number, 16);
  if (error != std::errc()) return std::nullopt;
  line.remove_prefix(static_cast<size_t>(rest - line.data()));
  PythonStack stack{.kind = "thread", .serves = head.thread != 0 && number == head.thread};
  const size_t bracket = line.find("] (");
  if (absl::ConsumePrefix(&line, " [") && bracket != absl::string_view::npos) {
    stack.name = std::string(line.substr(0, bracket - 2));
  } else {
    stack.name = stack.serves ? "MainThread" : "thread " + std::to_string(number);
  }
  return stack;
}

}  // namespace

std::optional<PythonHead> ReadHead(std::string_view json) {
  if (!proto::ValidJson(json)) return std::nullopt;
  const proto::JsonTree tree(json);
  PythonHead head;
  head.fd = NumberOf(tree.root(), "fd", -1);
  if (head.fd < 0 || NumberOf(tree.root(), "v", 0) != 1) return std::nullopt;
  head.tell_signal = NumberOf(tree.root(), "tell", 0);
  head.dump_signal = NumberOf(tree.root(), "dump", 0);
  head.thread = NumberOf(tree.root(), "thread", uint64_t{0});
  head.main = TextOf(tree.root(), "main");
  head.path = TextsOf(tree.root(), "path");
  head.library = TextsOf(tree.root(), "library");
  head.applications = TextsOf(tree.root(), "applications");
  return head;
}

std::vector<PythonStack> ReadTold(const PythonHead& head, std::string_view json) {
  std::vector<PythonStack> stacks;
  if (!proto::ValidJson(json)) return stacks;
  const proto::JsonTree tree(json);
  const Value* list = Member(tree.root(), "stacks");
  if (list == nullptr || !list->IsArray()) return stacks;
  for (const Value& item : list->GetArray()) {
    if (!item.IsObject() || stacks.size() == kStacksMax) continue;
    PythonStack stack{.kind = TextOf(item, "kind"),
                      .name = TextOf(item, "name"),
                      .id = NumberOf(item, "id", int32_t{0}),
                      .serves = IsTrue(item, "serves"),
                      .idle = IsTrue(item, "idle"),
                      .awaits = TextOf(item, "awaits")};
    const Value* frames = Member(item, "frames");
    if (frames == nullptr || !frames->IsArray()) continue;
    for (const Value& frame : frames->GetArray()) {
      if (stack.frames.size() == kFramesMax || !frame.IsArray() || frame.Size() != 4) continue;
      stack.frames.push_back(MakeFrame(head, TextOf(frame[0]), TextOf(frame[1]), TextOf(frame[2]),
                                       frame[3].IsInt() ? frame[3].GetInt() : 0));
    }
    stacks.push_back(std::move(stack));
  }
  return stacks;
}

std::vector<PythonStack> ReadDump(const PythonHead& head, std::string_view text) {
  std::vector<PythonStack> stacks;
  for (const absl::string_view line : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    Frame frame;
    if (std::optional<PythonStack> stack = ReadDumpHeading(head, line); stack.has_value()) {
      if (stacks.size() == kStacksMax) break;
      stacks.push_back(*std::move(stack));
    } else if (!stacks.empty() && stacks.back().frames.size() < kFramesMax &&
               ReadDumpLine(head, line, &frame)) {
      stacks.back().frames.push_back(std::move(frame));
    }
  }
  // Newest first; the first thread of the process is the last one.
  const bool known = std::any_of(stacks.begin(), stacks.end(), [](const auto& one) { return one.serves; });
  if (!known && !stacks.empty()) stacks.back().serves = true;
  return stacks;
}

}  // namespace fectl::evidence
