#ifndef FECTL_MASTER_CONFIG_TOML_DOCUMENT_H_
#define FECTL_MASTER_CONFIG_TOML_DOCUMENT_H_

#include <string_view>
#include <vector>

#include "master/config/toml/statements.h"
#include "master/config/toml/toml_value.h"

namespace fectl::config {

// A whole TOML file as one tree of values with their lines, and whatever is no TOML in it. What is broken is
// left out of the tree, so that the rest can be checked in the same run.
struct Document {
  Table root;
  std::vector<SyntaxError> errors;  // keys are complete: "service[2].num" (from 1)
  bool empty = true;                // no statement at all
};

Document ReadDocument(std::string_view source);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_TOML_DOCUMENT_H_
