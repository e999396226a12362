#ifndef FECTL_MASTER_CONFIG_TRANSPORT_H_
#define FECTL_MASTER_CONFIG_TRANSPORT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "master/config/load_result.h"

namespace fectl::config {

// A loaded configuration as one line of text, for another process of the same version of fectld: `fectld
// --load` writes it, and the master reads it. JSON whose strings hold any bytes, as paths and what the user
// database says need not be UTF-8. Pure.

// Everything in `result`: what was configured, what was looked up for it, what is wrong, and where it stands.
std::string EncodeLoaded(const LoadResult& result);

// What EncodeLoaded() was given. InvalidArgument, with the member's name, for text that no EncodeLoaded() of
// this version has written.
absl::StatusOr<LoadResult> DecodeLoaded(std::string_view text);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_TRANSPORT_H_
