#ifndef FECTL_MASTER_CONFIG_ALLOW_H_
#define FECTL_MASTER_CONFIG_ALLOW_H_

#include <string>
#include <vector>

#include "master/config/config.h"
#include "master/config/section_reader.h"

namespace fectl::config {

// Reads `allow` of [master]: "observe:bob", "operate:@deploy". Notes a problem for each entry that is no role
// and somebody, and for whoever is named twice.
std::vector<Grant> ReadAllow(SectionReader* reader);

// A grant as it is written in `allow`.
std::string ToText(const Grant& grant);

}  // namespace fectl::config

#endif  // FECTL_MASTER_CONFIG_ALLOW_H_
