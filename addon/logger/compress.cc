#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <string>

#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"
#include "logger/commands.h"

namespace tscompose {

namespace {

constexpr size_t kChunk = 64U << 10U;
constexpr int kGzip = 16;  ///< added to the window's bits: a gzip header (zlib.h)

/// Ends the stream, however the work ends.
struct Deflater {
  Deflater() {
    if (::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw SysError(ENOMEM, "deflateInit2");
  }
  ~Deflater() { ::deflateEnd(&stream); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  z_stream stream{};
};

void compressTo(int source, const std::string& path, std::string identity) {
  const UniqueFd target{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)};
  if (!target) throw SysError(errno, "open", path);
  Deflater deflater;
  gz_header header{};
  header.comment = reinterpret_cast<Bytef*>(identity.data());
  ::deflateSetHeader(&deflater.stream, &header);
  std::array<unsigned char, kChunk> in;
  std::array<unsigned char, kChunk> out;
  for (ssize_t count = 1; count > 0;) {
    count = ::read(source, in.data(), in.size());
    if (count < 0 && errno == EINTR) {
      count = 1;
      continue;
    }
    if (count < 0) throw SysError(errno, "read", path);
    deflater.stream.next_in = in.data();
    deflater.stream.avail_in = static_cast<uInt>(count);
    do {
      deflater.stream.next_out = out.data();
      deflater.stream.avail_out = out.size();
      ::deflate(&deflater.stream, count == 0 ? Z_FINISH : Z_NO_FLUSH);
      const size_t made = out.size() - deflater.stream.avail_out;
      writeFully(target.get(), std::string_view(reinterpret_cast<const char*>(out.data()), made), path);
    } while (deflater.stream.avail_out == 0);
  }
}

}  // namespace

void compressLog(const std::string& path) {
  const UniqueFd source{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct statx status {};
  if (!source || ::statx(source.get(), "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &status) != 0)
    throw SysError(errno, "open", path);
  // Who gives the files other names holds it, too.
  while (::flock(source.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw SysError(errno, "flock", path);
  }
  struct stat named {};
  if (::stat(path.c_str(), &named) != 0 || named.st_ino != status.stx_ino) return;
  const int64_t bornNs = status.stx_btime.tv_sec * 1000000000 + status.stx_btime.tv_nsec;
  const std::string unfinished = path + ".gz.tmp";
  try {
    compressTo(source.get(), unfinished, std::to_string(status.stx_ino) + "-" + std::to_string(bornNs));
  } catch (const SysError&) {
    ::unlink(unfinished.c_str());
    throw;
  }
  // A reader that meets both takes the plain one.
  if (::rename(unfinished.c_str(), (path + ".gz").c_str()) != 0) throw SysError(errno, "rename", unfinished);
  ::unlink(path.c_str());
}

}  // namespace tscompose
