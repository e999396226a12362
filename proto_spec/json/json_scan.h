// The first look at JSON text from a peer: is it well-formed, and where in it are the two members that
// everything else depends on? One pass, no tree. Pure.
#ifndef FECTL_PROTO_SPEC_JSON_JSON_SCAN_H_
#define FECTL_PROTO_SPEC_JSON_JSON_SCAN_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace fectl::proto {

struct JsonScan {
  bool is_object = false;
  // How often the outermost object has the members "cmd" and "data", and what the last of each is.
  int cmd_count = 0;
  bool cmd_is_string = false;
  std::string cmd;
  int data_count = 0;
  std::string_view data;  // raw text, a part of the scanned text
};

// InvalidArgument, with the reason and the byte where it shows, unless `text` is one JSON value (RFC 8259) in
// valid UTF-8 without unpaired surrogates, without numbers beyond the range of a double, and not nested
// deeper than `nesting_max`.
absl::Status ScanJson(std::string_view text, size_t nesting_max, JsonScan* scan);

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_JSON_JSON_SCAN_H_
