#include "client/why/why_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "client/text/terminal_text.h"
#include "client/text/time_text.h"
#include "proto_spec/base/printable.h"

namespace fectl::client {
namespace {

constexpr size_t kColumns = 80;
constexpr std::string_view kIndent = "           ";  // as wide as a head

// "  because  ..." with the text broken between words.
std::string Paragraph(std::string_view head, const std::string& text) {
  if (text.empty()) return "";
  std::string out;
  std::string line = "  " + std::string(head);
  line.resize(kIndent.size(), ' ');
  bool empty = true;  // of words
  const std::string escaped = base::EscapeForTerminal(text);
  for (std::string_view rest = escaped; !rest.empty();) {
    const size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (word.empty()) continue;
    if (!empty && Columns(line) + 1 + Columns(word) > kColumns) {
      out += line + "\n";
      line = kIndent;
      empty = true;
    }
    if (!empty) line += ' ';
    line += word;
    empty = false;
  }
  return out + line + "\n";
}

std::string Since(const proto::WhyView& view) {
  if (view.since_at <= 0) return "";
  const auto ms = static_cast<int64_t>(std::clamp(view.since_s, 0.0, 1e12) * 1000);
  const std::string length = ms < 60'000 ? SpokenDuration(ms) : ShortDuration(view.since_s);
  return UtcTime(static_cast<double>(view.since_at)) + ", for " + length;
}

}  // namespace

std::string WhyText(const proto::WhyView& view) {
  return base::EscapeForTerminal(view.what) + "\n" + Paragraph("since", Since(view)) +
         Paragraph("because", view.because) + Paragraph("next", view.next) + Paragraph("change", view.change);
}

std::string WhyJson(const proto::WhyView& view) {
  return base::EscapeJsonForTerminal(proto::EncodeResponseDetail("", view)) + "\n";
}

}  // namespace fectl::client
