#ifndef MASTER_RUNTIME_APPLY_CONFIG_LOADER_H_
#define MASTER_RUNTIME_APPLY_CONFIG_LOADER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "master/config/load_result.h"
#include "master/core/basis/time.h"
#include "master/platform/children/children.h"
#include "master/platform/loop/event_loop.h"
#include "master/platform/process/exit_status.h"
#include "master/runtime/helper_output.h"
#include "master/runtime/limits.h"

namespace fectl::runtime {

// Where an application gets a configuration from.
class ConfigSource {
 public:
  using Done = std::function<void(absl::StatusOr<config::LoadResult>)>;

  virtual ~ConfigSource() = default;
  // `done` is called once, from OnTurn(). One load at a time.
  virtual void Load(const std::string& file, core::Instant now, Done done) = 0;
  // Once in each turn of the loop, with its time.
  virtual void OnTurn(core::Instant now) = 0;
  // When OnTurn() has to be called at the latest; kNever: no need.
  virtual core::Instant next_deadline() const = 0;
};

// Loads the configuration in another process, `fectld --load`: names are looked up and files are read there,
// so that neither a name server nor a file system that hangs keeps the master from its work. One load at a
// time.
class ConfigLoader final : public ConfigSource, private platform::ExitObserver {
 public:
  // `children` and `loop` outlive it. `directory`: where relative paths begin.
  ConfigLoader(platform::EventLoop* loop, platform::Children* children, std::string directory)
      : children_(children),
        directory_(std::move(directory)),
        output_("fectld --load", kLoadedBytesMax, loop) {}
  ConfigLoader(const ConfigLoader&) = delete;
  ConfigLoader& operator=(const ConfigLoader&) = delete;

  // An error for `done`: the process could not be started, was killed, or took longer than kLoadLimit. What
  // is wrong with the configuration is in the result.
  void Load(const std::string& file, core::Instant now, Done done) override;
  void OnTurn(core::Instant now) override;
  core::Instant next_deadline() const override;

 private:
  void OnChildExit(platform::Child& child, const platform::ExitStatus& status) override;
  absl::Status Start(const std::string& file);
  bool HasEnded() const;
  absl::StatusOr<config::LoadResult> Result();

  platform::Children* children_;
  std::string directory_;
  Done done_;
  absl::Status failed_;
  core::Instant deadline_ = core::kNever;
  std::unique_ptr<platform::Child> child_;
  HelperOutput output_;
  std::string ended_;  // how the process did, in words; empty: it has not
};

}  // namespace fectl::runtime

#endif  // MASTER_RUNTIME_APPLY_CONFIG_LOADER_H_
