#ifndef FECTL_CLIENT_STATUS_TEXT_H_
#define FECTL_CLIENT_STATUS_TEXT_H_

#include <string>
#include <vector>

#include "proto_spec/control_status.h"

namespace fectl::client {

// `fectl status`: one aligned table of all services. Everything from the master is escaped.
std::string OverviewText(const proto::MasterView& view, bool colours_on);

// What follows it: numbers of workers that differ from the configuration's, what could not be applied, and
// the files of `newer`, which are newer than what runs. "" where there is none of that.
std::string ConfigurationText(const proto::MasterView& view, const std::vector<std::string>& newer);

// `fectl status NAME`: the service, its workers, the processes which are leaving, the recent events.
std::string ServiceText(const proto::ServiceView& view, bool colours_on);

// `fectl status --check`: why not all is well with a service, as one line without its end, "" where all is.
std::string WhatIsNotWell(const proto::ServiceView& view);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_STATUS_TEXT_H_
