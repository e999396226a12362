#include "proto_spec/environment.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto_spec/message.h"

namespace fectl::proto {
namespace {

// Eleven digits are more than a thousand years, and their milliseconds are far from the limit of int64_t.
constexpr size_t kSecondsDigitsMax = 11;
constexpr int64_t kMillisecondsMax = int64_t{1000} * 366 * 86400 * 1000;

absl::Status Refuse(std::string_view text, const char* expected) {
  return absl::InvalidArgumentError(absl::StrCat(QuotedStart(text), " is not ", expected));
}

bool IsDigit(char character) {
  return character >= '0' && character <= '9';
}

// Takes a decimal number from the start of `*text`: digits only, so no sign and no spaces.
std::optional<int> TakeNumber(std::string_view* text) {
  if (text->empty() || !IsDigit(text->front())) return std::nullopt;
  int value = 0;
  const auto result = std::from_chars(text->data(), text->data() + text->size(), value);
  if (result.ec != std::errc()) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(result.ptr - text->data()));
  return value;
}

bool TakeWord(std::string_view word, std::string_view* text) {
  if (text->substr(0, word.size()) != word) return false;
  text->remove_prefix(word.size());
  return true;
}

}  // namespace

std::string FormatChannel(const ChannelVariable& channel) {
  return absl::StrCat(channel.read_fd, ":", channel.write_fd);
}

absl::StatusOr<ChannelVariable> ParseChannel(std::string_view text) {
  std::string_view rest = text;
  const std::optional<int> read_fd = TakeNumber(&rest);
  if (read_fd.has_value() && TakeWord(":", &rest)) {
    const std::optional<int> write_fd = TakeNumber(&rest);
    if (write_fd.has_value() && rest.empty()) {
      return ChannelVariable{.read_fd = *read_fd, .write_fd = *write_fd};
    }
  }
  return Refuse(text, "READ:WRITE, two descriptors");
}

std::string FormatSocket(const SocketVariable& socket) {
  return absl::StrCat(socket.fd, ",FAMILY:", socket.family, ",SOCKETTYPE:", socket.type,
                      ",PROTO:", socket.protocol);
}

absl::StatusOr<SocketVariable> ParseSocket(std::string_view text) {
  std::string_view rest = text;
  SocketVariable socket;
  struct Field {
    std::string_view before;
    int* value;
  };
  for (const Field& field : {Field{"", &socket.fd}, Field{",FAMILY:", &socket.family},
                             Field{",SOCKETTYPE:", &socket.type}, Field{",PROTO:", &socket.protocol}}) {
    std::optional<int> value;
    if (TakeWord(field.before, &rest)) value = TakeNumber(&rest);
    if (!value.has_value()) return Refuse(text, "FD,FAMILY:f,SOCKETTYPE:t,PROTO:p");
    *field.value = *value;
  }
  if (!rest.empty()) return Refuse(text, "FD,FAMILY:f,SOCKETTYPE:t,PROTO:p");
  return socket;
}

std::string FormatArguments(const std::vector<std::string>& arguments) {
  return JsonStrings(arguments);
}

absl::StatusOr<std::vector<std::string>> ParseArguments(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin != std::string_view::npos && ValidJson(text)) {
    absl::StatusOr<std::vector<std::string>> arguments = DataStrings(text.substr(begin));
    if (arguments.ok()) return arguments;
  }
  return Refuse(text, "a JSON array of strings");
}

std::string FormatNames(const std::vector<std::string>& names) {
  return absl::StrJoin(names, " ");
}

absl::StatusOr<std::vector<std::string>> ParseNames(std::string_view text) {
  std::vector<std::string> names;
  if (text.empty()) return names;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string_view name = text.substr(begin, end - begin);
    if (!ValidName(name)) return Refuse(text, "names of sockets with one blank between two");
    names.emplace_back(name);
    begin = end + 1;
  }
  return names;
}

std::string FormatSeconds(int64_t milliseconds) {
  if (milliseconds < 0) milliseconds = 0;
  std::string text = absl::StrCat(milliseconds / 1000);
  if (milliseconds % 1000 == 0) return text;
  // The thousand in front keeps the zeros after the point; it gives way to the point itself.
  std::string fraction = absl::StrCat(1000 + milliseconds % 1000);
  fraction.front() = '.';
  while (fraction.back() == '0') fraction.pop_back();
  return text + fraction;
}

absl::StatusOr<int64_t> ParseSeconds(std::string_view text) {
  constexpr char kExpected[] = "a number of seconds";
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  if (whole.empty() || whole.size() > kSecondsDigitsMax) return Refuse(text, kExpected);
  if (point != std::string_view::npos && fraction.empty()) return Refuse(text, kExpected);
  int64_t milliseconds = 0;
  for (char digit : whole) {
    if (!IsDigit(digit)) return Refuse(text, kExpected);
    milliseconds = milliseconds * 10 + (digit - '0');
  }
  milliseconds *= 1000;
  int64_t worth = 100;
  for (size_t at = 0; at < fraction.size(); ++at) {
    const char digit = fraction[at];
    if (!IsDigit(digit)) return Refuse(text, kExpected);
    if (at == 3 && digit >= '5') ++milliseconds;
    milliseconds += worth * (digit - '0');
    worth /= 10;
  }
  if (milliseconds > kMillisecondsMax) return Refuse(text, kExpected);
  return milliseconds;
}

absl::StatusOr<int> ParseIndex(std::string_view text) {
  std::string_view rest = text;
  const std::optional<int> value = TakeNumber(&rest);
  if (!value.has_value() || !rest.empty()) return Refuse(text, "a number from 0 to 2147483647");
  return *value;
}

bool ValidName(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) return false;
  for (char character : name) {
    const bool letter = (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
    if (!letter && !IsDigit(character) && character != '.' && character != '_' && character != '-')
      return false;
  }
  return true;
}

}  // namespace fectl::proto
