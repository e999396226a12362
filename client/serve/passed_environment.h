#ifndef FECTL_CLIENT_SERVE_PASSED_ENVIRONMENT_H_
#define FECTL_CLIENT_SERVE_PASSED_ENVIRONMENT_H_

#include <string>
#include <vector>

namespace fectl::client {

// The `environ` of a service whose application is to find the variables that `variables` ("NAME=value") has,
// as if it were started by hand: `set` ("NAME=value", in place of those of the same name), and behind them
// the names of the others, sorted. Left out is what every worker has, what belongs to a terminal or a
// desktop, and FECTL_*. Values of `variables` do not get into the list: some are secret. Pure.
std::vector<std::string> PassedEnvironment(const std::vector<std::string>& variables,
                                           const std::vector<std::string>& set);

// What fectl itself sets. `site` (empty: none) is a folder where Python is to look for modules, after those
// that the PYTHONPATH of `variables` names. `is_edited`: the application's files change while it runs. Pure.
std::vector<std::string> OwnVariables(const std::vector<std::string>& variables, const std::string& site,
                                      bool is_edited);

}  // namespace fectl::client

#endif  // FECTL_CLIENT_SERVE_PASSED_ENVIRONMENT_H_
