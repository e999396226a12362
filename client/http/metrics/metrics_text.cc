#include "client/http/metrics/metrics_text.h"

#include <charconv>
#include <cmath>

#include "proto_spec/base/utf8.h"

namespace fectl::http {
namespace {

void AppendNumber(double value, std::string* text) {
  if (std::isnan(value)) {
    *text += "NaN";
  } else if (std::isinf(value)) {
    *text += value > 0 ? "+Inf" : "-Inf";
  } else {
    char digits[32];  // the longest shortest double has 24
    *text += std::string_view(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
}

}  // namespace

std::string Label(std::string_view name, std::string_view value) {
  std::string text(name);
  text += "=\"";
  for (const char c : base::ToUtf8(value)) {
    if (c == '\n') {
      text += "\\n";
    } else {
      if (c == '\\' || c == '"') text.push_back('\\');
      text.push_back(c);
    }
  }
  text.push_back('"');
  return text;
}

void MetricsText::Family(std::string_view name, Type type, std::string_view help) {
  name_ = name;
  head_ = "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ +
          (type == Type::kGauge ? " gauge\n" : " counter\n");
}

void MetricsText::Sample(std::string_view labels, double value) {
  text_ += head_;
  head_.clear();
  text_ += name_;
  if (!labels.empty()) {
    text_.push_back('{');
    text_ += labels;
    text_.push_back('}');
  }
  text_.push_back(' ');
  AppendNumber(value, &text_);
  text_.push_back('\n');
}

}  // namespace fectl::http
