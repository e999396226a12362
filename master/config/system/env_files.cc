#include "master/config/system/env_files.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "master/config/service/env_text.h"
#include "master/config/system/trusted_file.h"
#include "proto_spec/base/path.h"

namespace fectl::config {
namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

class EnvReader {
 public:
  explicit EnvReader(LoadResult* result) : result_(*result) {}

  void ReadFor(const std::string& label, ServiceConfig* service) {
    const std::string key = label + ".env_file";
    const std::string folder = base::FolderPart(result_.FileOf(key));
    std::map<std::string, size_t> places;
    for (const std::string& file : service->env_files) {
      for (const auto& [name, value] : Read(base::JoinPath(folder, file), key)) {
        const auto [place, is_new] = places.emplace(name, service->environ_from_files.size());
        if (is_new) {
          service->environ_from_files.emplace_back(name, value);
        } else {
          service->environ_from_files[place->second].second = value;
        }
      }
    }
  }

 private:
  struct File {
    Variables variables;
    std::string wrong;  // of the file as a whole
  };

  // Many services may have one file: it is read once, and its lines are told once.
  const Variables& Read(const std::string& path, const std::string& key) {
    auto [known, is_new] = files_.try_emplace(path);
    if (is_new) known->second = ReadOnce(path);
    if (!known->second.wrong.empty()) result_.Add(key, absl::StrCat(path, " ", known->second.wrong));
    return known->second.variables;
  }

  File ReadOnce(const std::string& path) {
    const std::vector<std::string>& files = result_.files;
    if (std::find(files.begin(), files.end(), path) == files.end()) result_.files.push_back(path);
    const absl::StatusOr<TrustedFile> read = ReadTrustedFile(path, kEnvFileBytesMax);
    if (!read.ok()) return {{}, std::string(read.status().message())};
    if (!read->distrust.empty()) return {{}, read->distrust};
    EnvText text = ReadEnvText(read->text);
    for (const EnvText::Error& error : text.errors) {
      result_.problems.push_back({path, error.line, error.name, error.text, false});
    }
    return {std::move(text.variables), ""};
  }

  LoadResult& result_;
  std::map<std::string, File> files_;
};

}  // namespace

void ReadEnvFiles(LoadResult* result) {
  EnvReader reader(result);
  for (size_t i = 0; i < result->config.services.size(); ++i) {
    reader.ReadFor(result->service_labels[i], &result->config.services[i]);
  }
  result->SortProblems();
}

}  // namespace fectl::config
