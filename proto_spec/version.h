#ifndef FECTL_PROTO_SPEC_VERSION_H_
#define FECTL_PROTO_SPEC_VERSION_H_

namespace fectl::proto {

// The one place that holds the product's version.
inline constexpr char kVersion[] = "1.0.0";
// The answer to `Version`, and `server` in the answer to `Hello`.
inline constexpr char kServerName[] = "fectl 1.0.0";

}  // namespace fectl::proto

#endif  // FECTL_PROTO_SPEC_VERSION_H_
