#include "master/platform/children/launcher.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "master/platform/children/children_wait.h"
#include "master/platform/children/launcher_child.h"
#include "master/platform/credentials/privileges.h"
#include "master/platform/process/command_path.h"

namespace fectl::platform {
namespace {

std::vector<char*> Pointers(std::vector<std::string>* strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings->size() + 1);
  for (std::string& string : *strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

void PlanRights(const LaunchSpec& spec, ChildPlan* plan) {
  plan->no_new_privileges = spec.no_new_privileges;
  if (spec.identity.has_value()) {
    plan->change = ChangeTo(*spec.identity);
    plan->uid = spec.identity->uid;
    plan->gid = spec.identity->gid;
    plan->groups = spec.identity->groups.data();
    plan->group_count = spec.identity->groups.size();
  }
  if (spec.capabilities.has_value()) {
    plan->set_capabilities = true;
    plan->capabilities = *spec.capabilities;
    return;
  }
  const HeldCapabilities held = GetHeldCapabilities();
  if ((held.permitted | held.inheritable) == 0) return;  // nor can the process then have any
  plan->set_capabilities = (spec.identity.has_value() ? spec.identity->uid : geteuid()) != 0;
}

}  // namespace

PreparedLaunch::Strings::Strings(LaunchSpec the_spec)
    : spec(std::move(the_spec)),
      candidates(CandidatesFor(spec.executable, spec.search_path)),
      executables(Pointers(&candidates)),
      argv(Pointers(&spec.argv)),
      environment(Pointers(&spec.environment)) {}

PreparedLaunch::PreparedLaunch(LaunchSpec spec)
    : strings_(std::make_shared<const Strings>(std::move(spec))) {}

LaunchOutcome PreparedLaunch::Launch(const LaunchDescriptors& descriptors, LowDescriptors* low) const {
  std::vector<int> sources;
  sources.reserve(3 + descriptors.passed_fds.size());
  sources.push_back(descriptors.stdin_fd);
  sources.push_back(descriptors.stdout_fd >= 0 ? descriptors.stdout_fd : STDOUT_FILENO);
  sources.push_back(descriptors.stderr_fd >= 0 ? descriptors.stderr_fd : STDERR_FILENO);
  sources.insert(sources.end(), descriptors.passed_fds.begin(), descriptors.passed_fds.end());
  if (low == nullptr || !low->usable()) return Run(std::move(sources), false).outcome;

  std::vector<int> lent;
  lent.reserve(sources.size());
  for (const int source : sources) lent.push_back(low->Lend(source));
  Attempt attempt = Run(std::move(lent), true);
  low->TakeBack();
  if (!attempt.cannot_leave) return std::move(attempt.outcome);
  low->GiveUp();  // an older kernel or a sandbox
  return Run(std::move(sources), false).outcome;
}

PreparedLaunch::Attempt PreparedLaunch::Run(std::vector<int> sources, bool shares_descriptors) const {
  const LaunchSpec& spec = strings_->spec;
  ChildPlan plan;
  plan.executables = strings_->executables.data();
  plan.search_path = spec.search_path.c_str();
  plan.argv = strings_->argv.data();
  plan.environment = strings_->environment.data();
  plan.directory = spec.directory.empty() ? nullptr : spec.directory.c_str();
  plan.shares_descriptors = shares_descriptors;
  plan.open_files = spec.open_files.has_value() ? &*spec.open_files : nullptr;
  plan.umask = spec.umask;
  PlanRights(spec, &plan);

  LaunchInFlight launch(plan, std::move(sources), strings_);
  base::UniqueFd pidfd;
  const pid_t pid = launch.Start(spec.start_limit_ns, &pidfd);
  if (pid < 0) return {LaunchError{.step = LaunchError::Step::kClone, .error = errno}};
  // Safe although the process may have ended: nobody but us reaps it, so the number is still its own.
  if (!pidfd.valid()) pidfd.reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (launch.pending()) return {LaunchResult{pid, std::move(pidfd), std::move(launch)}};
  if (!launch.failed()) return {LaunchResult{pid, std::move(pidfd)}};
  return {*launch.Failure(Reap(pid)), launch.cannot_leave()};
}

}  // namespace fectl::platform
