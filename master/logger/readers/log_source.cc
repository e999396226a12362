#include "master/logger/readers/log_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "master/logger/files/compressed.h"

namespace fectl::logger {
namespace {

class OfFile final : public LogSource {
 public:
  OfFile(base::UniqueFd file, uint64_t size) : file_(std::move(file)), size_(size) {}
  uint64_t size() const override { return size_; }
  std::string ReadAt(uint64_t offset, size_t bytes) override {
    std::string text(std::min<uint64_t>(bytes, size_ - std::min(offset, size_)), '\0');
    size_t done = 0;
    while (done < text.size()) {
      const ssize_t some =
          pread(file_.get(), text.data() + done, text.size() - done, static_cast<off_t>(offset + done));
      if (some < 0 && errno == EINTR) continue;
      if (some <= 0) break;
      done += static_cast<size_t>(some);
    }
    text.resize(done);
    return text;
  }

 private:
  base::UniqueFd file_;
  uint64_t size_;
};

class OfText final : public LogSource {
 public:
  explicit OfText(std::string text) : text_(std::move(text)) {}
  uint64_t size() const override { return text_.size(); }
  std::string ReadAt(uint64_t offset, size_t bytes) override {
    return text_.substr(std::min<uint64_t>(offset, text_.size()), bytes);
  }

 private:
  std::string text_;
};

}  // namespace

std::unique_ptr<LogSource> FileSource(base::UniqueFd file, uint64_t size) {
  return std::make_unique<OfFile>(std::move(file), size);
}

std::unique_ptr<LogSource> TextSource(std::string text) {
  return std::make_unique<OfText>(std::move(text));
}

absl::StatusOr<std::unique_ptr<LogSource>> OpenClosedLog(const std::string& path) {
  base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat found = {};
  if (!file.valid() || fstat(file.get(), &found) != 0) return absl::ErrnoToStatus(errno, path);
  auto source = FileSource(std::move(file), static_cast<uint64_t>(found.st_size));
  if (!path.ends_with(".zst")) return source;
  absl::StatusOr<std::string> text = Decompress(source->ReadAt(0, source->size()));
  if (!text.ok()) return text.status();
  return TextSource(*std::move(text));
}

}  // namespace fectl::logger
