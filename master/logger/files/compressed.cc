#include "master/logger/files/compressed.h"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "proto_spec/base/unique_fd.h"

namespace fectl::logger {
namespace {

constexpr int kLevel = 3;  // what zstd(1) takes: some 500 MB a second, a tenth of the size
constexpr size_t kTextBytesMax = size_t{1} << 30;

absl::Status WriteAll(int fd, const char* at, size_t bytes, const std::string& path) {
  while (bytes > 0) {
    const ssize_t some = write(fd, at, bytes);
    if (some < 0 && errno == EINTR) continue;
    if (some < 0) return absl::ErrnoToStatus(errno, absl::StrCat(path, " cannot be written"));
    at += some;
    bytes -= static_cast<size_t>(some);
  }
  return absl::OkStatus();
}

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

absl::Status Compress(int from, int to, const std::string& path) {
  const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  if (context == nullptr) return absl::ResourceExhaustedError("no memory to compress with");
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string in(ZSTD_CStreamInSize(), '\0');
  std::string out(ZSTD_CStreamOutSize(), '\0');
  for (;;) {
    const ssize_t got = read(from, in.data(), in.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, absl::StrCat(path, " cannot be read"));
    ZSTD_inBuffer input = {in.data(), static_cast<size_t>(got), 0};
    size_t left = 1;
    while (got == 0 ? left != 0 : input.pos < input.size) {
      ZSTD_outBuffer output = {out.data(), out.size(), 0};
      left = ZSTD_compressStream2(context.get(), &output, &input, got == 0 ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left) != 0) return absl::InternalError(ZSTD_getErrorName(left));
      if (absl::Status s = WriteAll(to, out.data(), output.pos, path); !s.ok()) return s;
    }
    if (got == 0) return absl::OkStatus();
  }
}

}  // namespace

absl::Status CompressFile(const std::string& path) {
  const std::string done = path + ".zst";
  const std::string part = path + ".part";
  const base::UniqueFd from(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!from.valid()) return absl::ErrnoToStatus(errno, path);
  unlink(part.c_str());
  const base::UniqueFd to(open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!to.valid()) return absl::ErrnoToStatus(errno, part);
  absl::Status status = Compress(from.get(), to.get(), part);
  // What is removed below has to be on the disk in its new form.
  if (status.ok() && fsync(to.get()) != 0) status = absl::ErrnoToStatus(errno, part);
  if (status.ok() && std::rename(part.c_str(), done.c_str()) != 0) status = absl::ErrnoToStatus(errno, done);
  unlink(status.ok() ? path.c_str() : part.c_str());
  return status;
}

absl::StatusOr<std::string> Decompress(std::string_view bytes) {
  const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (context == nullptr) return absl::ResourceExhaustedError("no memory to decompress with");
  std::string text;
  std::string out(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer input = {bytes.data(), bytes.size(), 0};
  size_t left = 0;
  bool full = false;
  while (input.pos < input.size || full) {
    ZSTD_outBuffer output = {out.data(), out.size(), 0};
    left = ZSTD_decompressStream(context.get(), &output, &input);
    if (ZSTD_isError(left) != 0) return absl::InvalidArgumentError(ZSTD_getErrorName(left));
    text.append(out.data(), output.pos);
    full = output.pos == output.size && left != 0;
    if (text.size() > kTextBytesMax) return absl::ResourceExhaustedError("it holds more than 1 GiB");
  }
  if (left != 0) return absl::InvalidArgumentError("it is not complete");
  return text;
}

}  // namespace fectl::logger
