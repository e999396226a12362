// The page: files that are part of the program.
#ifndef FECTL_CLIENT_HTTP_ASSETS_H_
#define FECTL_CLIENT_HTTP_ASSETS_H_

#include <string_view>

namespace fectl::http {

struct Asset {
  std::string_view path;  // "/page.js"
  std::string_view type;
  std::string_view text;
};

// nullptr: there is none.
const Asset* AssetAt(std::string_view path);

}  // namespace fectl::http

#endif  // FECTL_CLIENT_HTTP_ASSETS_H_
