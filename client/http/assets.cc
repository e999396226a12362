#include "client/http/assets.h"

#include <algorithm>
#include <iterator>

namespace fectl::http {
namespace {

// Each .inc is the file of its name as one string literal, which the build makes of it.
constexpr char kPageHtml[] =
#include "client/http/page/index.html.inc"
    ;
constexpr char kPageCss[] =
#include "client/http/page/page.css.inc"
    ;
constexpr char kPageJs[] =
#include "client/http/page/page.js.inc"
    ;
constexpr char kTablesJs[] =
#include "client/http/page/tables.js.inc"
    ;
constexpr char kLiveJs[] =
#include "client/http/page/live.js.inc"
    ;
constexpr char kIconSvg[] =
#include "client/http/page/icon.svg.inc"
    ;

constexpr char kJavascript[] = "text/javascript; charset=utf-8";

constexpr Asset kAssets[] = {
    {"/", "text/html; charset=utf-8", kPageHtml}, {"/page.css", "text/css; charset=utf-8", kPageCss},
    {"/page.js", kJavascript, kPageJs},           {"/tables.js", kJavascript, kTablesJs},
    {"/live.js", kJavascript, kLiveJs},           {"/icon.svg", "image/svg+xml", kIconSvg},
};

}  // namespace

const Asset* AssetAt(std::string_view path) {
  const auto* const found = std::find_if(std::begin(kAssets), std::end(kAssets),
                                         [&](const Asset& asset) { return asset.path == path; });
  return found == std::end(kAssets) ? nullptr : found;
}

}  // namespace fectl::http
