#include "master/runtime/evidence/crash_place.h"

#include <cstddef>
#include <optional>

#include "proto_spec/base/printable.h"
#include "proto_spec/base/utf8.h"

namespace fectl::runtime {
namespace {

// It stands in lines for people.
constexpr size_t kPlaceBytesMax = 200;

struct Place {
  std::string words;  // "`query` db.py:88"
  bool own = false;   // of the application, as far as the folder tells
};

bool IsOfLibrary(std::string_view file) {
  for (const std::string_view mark :
       {"/site-packages/", "/dist-packages/", "/lib/python3", "/fectl_worker/"}) {
    if (file.find(mark) != std::string_view::npos) return true;
  }
  return file.starts_with("<frozen ");
}

// `  File "/srv/shop/db.py", line 88, in query`, in faulthandler's words without the second comma.
std::optional<Place> ReadFrame(std::string_view line) {
  constexpr std::string_view kBegin = "  File \"";
  constexpr std::string_view kLine = "\", line ";
  constexpr std::string_view kIn = " in ";
  const size_t middle = line.rfind(kLine);
  if (!line.starts_with(kBegin) || middle == std::string_view::npos || middle < kBegin.size())
    return std::nullopt;
  const std::string_view file = line.substr(kBegin.size(), middle - kBegin.size());
  const std::string_view rest = line.substr(middle + kLine.size());
  const size_t in = rest.find(kIn);
  const size_t digits = rest.find_first_not_of("0123456789");
  if (in == std::string_view::npos || digits == 0 || digits > in) return std::nullopt;
  Place place{.words = {}, .own = !IsOfLibrary(file)};
  place.words.append("`").append(rest.substr(in + kIn.size())).append("` ");
  place.words.append(file.substr(file.rfind('/') + 1)).append(":").append(rest.substr(0, digits));
  return place;
}

// Reads lines one after the other; what comes last counts.
class Reader {
 public:
  void Read(std::string_view line) {
    constexpr std::string_view kThrown = "terminate called after throwing an instance of '";
    constexpr std::string_view kWhat = "  what():  ";
    if (line.starts_with("Traceback (most recent call last):")) {
      Begin(/*innermost_last=*/true);
    } else if (line.starts_with("Fatal Python error: ") || line.starts_with("Current thread 0x")) {
      Begin(/*innermost_last=*/false);
    } else if (line.starts_with("Thread 0x")) {
      reading_ = false;  // of another thread
    } else if (line.starts_with(kThrown)) {
      reading_ = false;
      found_ = "crashed: " + std::string(line.substr(kThrown.size(), line.rfind('\'') - kThrown.size()));
    } else if (line.starts_with(kWhat) && found_.starts_with("crashed: ")) {
      found_.append(": ").append(line.substr(kWhat.size()));
    } else if (std::optional<Place> place = ReadFrame(line); place.has_value()) {
      if (reading_) Take(*std::move(place));
    } else if (reading_ && innermost_last_ && !place_.words.empty() && !line.empty() && line[0] != ' ') {
      found_ += ": " + std::string(line);  // the exception
      reading_ = false;
    }
  }
  const std::string& found() const { return found_; }

 private:
  void Begin(bool innermost_last) {
    reading_ = true;
    innermost_last_ = innermost_last;
    place_ = {};
  }
  void Take(Place place) {
    const bool better =
        place_.words.empty() || (innermost_last_ ? place.own || !place_.own : place.own && !place_.own);
    if (!better) return;
    place_ = std::move(place);
    found_ = "crashed in " + place_.words;
  }

  bool reading_ = false;
  bool innermost_last_ = true;
  Place place_;
  std::string found_;
};

}  // namespace

std::string CrashPlace(std::string_view lines) {
  Reader reader;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    reader.Read(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return base::EscapeForTerminal(base::ToUtf8(reader.found()).substr(0, kPlaceBytesMax));
}

}  // namespace fectl::runtime
