#include "core/archive_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "core/copy_tree.h"
#include "core/error.h"
#include "core/fd.h"
#include "core/sha256.h"

namespace tscompose {

namespace {

constexpr size_t kBufferBytes = size_t{256} << 10U;
constexpr std::string_view kWhiteoutPrefix = ".wh.";
constexpr std::string_view kOpaqueName = ".wh..wh..opq";

struct WriterFree {
  void operator()(archive* writer) const { ::archive_write_free(writer); }
};
using Writer = std::unique_ptr<archive, WriterFree>;

/// Where a stage hands on its bytes. libarchive is C: an exception must not pass through it, so it is kept and thrown
/// again behind it.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(const void* data, size_t size) = 0;

  static la_ssize_t callback(archive* writer, void* self, const void* data, size_t size) {
    auto* sink = static_cast<Sink*>(self);
    try {
      sink->write(data, size);
      return static_cast<la_ssize_t>(size);
    } catch (...) {
      sink->failure_ = std::current_exception();
      ::archive_set_error(writer, EIO, "the next stage failed");
      return -1;
    }
  }

  /// Throws what went wrong in this sink, else what libarchive says.
  [[noreturn]] void fail(archive* writer, const std::string& subject) {
    if (failure_) std::rethrow_exception(failure_);
    const int code = ::archive_errno(writer);
    const char* text = ::archive_error_string(writer);
    throw SysError(code > 0 ? code : EIO, "archive_write", subject + (text ? std::string(": ") + text : ""));
  }

 private:
  std::exception_ptr failure_;
};

/// The end of the line: the digest of what is written, and the file.
class FileSink : public Sink {
 public:
  explicit FileSink(int output) : output_(output) {}

  void write(const void* data, size_t size) override {
    hash_.update(data, size);
    sizeBytes_ += size;
    const auto* bytes = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t put = ::write(output_, bytes, size);
      if (put >= 0) {
        bytes += put;
        size -= static_cast<size_t>(put);
      } else if (errno == EAGAIN) {
        // A pipe that Node has made non-blocking.
        pollfd ready{output_, POLLOUT, 0};
        if (::poll(&ready, 1, -1) < 0 && errno != EINTR) throw SysError(errno, "poll");
      } else if (errno != EINTR) {
        throw SysError(errno, "write");
      }
    }
  }

  std::string digest() { return hash_.digest(); }
  uint64_t sizeBytes() const noexcept { return sizeBytes_; }

 private:
  int output_;
  Sha256 hash_;
  uint64_t sizeBytes_ = 0;
};

void check(int result, archive* writer, Sink& sink, const std::string& subject) {
  if (result < ARCHIVE_WARN) sink.fail(writer, subject);
}

void open(archive* writer, Sink& sink) {
  // Bytes go on as they come in large pieces; the last one is not filled up.
  check(::archive_write_set_bytes_per_block(writer, static_cast<int>(kBufferBytes)), writer, sink, "block size");
  check(::archive_write_set_bytes_in_last_block(writer, 1), writer, sink, "last block");
  check(::archive_write_open(writer, &sink, nullptr, Sink::callback, nullptr), writer, sink, "open");
}

/// The archive's digest on its way into the compressor, which is an archive of one file without a format.
class CompressingSink : public Sink {
 public:
  CompressingSink(Sink& next, LayerOptions::Compression compression) : next_(next) {
    if (compression == LayerOptions::Compression::kNone) return;
    writer_.reset(::archive_write_new());
    if (!writer_) throw std::bad_alloc();
    archive* writer = writer_.get();
    check(::archive_write_set_format_raw(writer), writer, next_, "format");
    if (compression == LayerOptions::Compression::kGzip) {
      check(::archive_write_add_filter_gzip(writer), writer, next_, "gzip");
      // The header's time would make every archive another one.
      check(::archive_write_set_filter_option(writer, "gzip", "timestamp", nullptr), writer, next_, "gzip");
    } else {
      check(::archive_write_add_filter_zstd(writer), writer, next_, "zstd");
    }
    open(writer, next_);
    std::unique_ptr<archive_entry, decltype(&::archive_entry_free)> entry{::archive_entry_new(), ::archive_entry_free};
    ::archive_entry_set_filetype(entry.get(), AE_IFREG);
    ::archive_entry_set_pathname(entry.get(), "layer");
    check(::archive_write_header(writer, entry.get()), writer, next_, "header");
  }

  void write(const void* data, size_t size) override {
    hash_.update(data, size);
    sizeBytes_ += size;
    if (!writer_) return next_.write(data, size);
    const auto* bytes = static_cast<const char*>(data);
    while (size > 0) {
      const la_ssize_t put = ::archive_write_data(writer_.get(), bytes, size);
      if (put <= 0) next_.fail(writer_.get(), "compress");
      bytes += put;
      size -= static_cast<size_t>(put);
    }
  }

  void finish() {
    if (writer_) check(::archive_write_close(writer_.get()), writer_.get(), next_, "compress");
  }

  std::string digest() { return hash_.digest(); }
  uint64_t sizeBytes() const noexcept { return sizeBytes_; }

 private:
  Sink& next_;
  Writer writer_;
  Sha256 hash_;
  uint64_t sizeBytes_ = 0;
};

/// Reads an attribute of a file or directory; empty when it has none.
std::optional<std::string> attribute(int fd, const char* name) {
  std::string value(256, '\0');
  for (;;) {
    const ssize_t size = ::fgetxattr(fd, name, value.data(), value.size());
    if (size >= 0) {
      value.resize(static_cast<size_t>(size));
      return value;
    }
    if (errno != ERANGE) return std::nullopt;
    const ssize_t needed = ::fgetxattr(fd, name, nullptr, 0);
    if (needed < 0) return std::nullopt;
    value.resize(static_cast<size_t>(needed) + 1);
  }
}

/// `list` is flistxattr or llistxattr of one file.
template <typename List>
std::vector<std::string> attributeNames(List list) {
  std::string names;
  for (;;) {
    const ssize_t needed = list(nullptr, 0);
    if (needed <= 0) return {};
    names.resize(static_cast<size_t>(needed));
    const ssize_t size = list(names.data(), names.size());
    if (size >= 0) {
      names.resize(static_cast<size_t>(size));
      break;
    }
    if (errno != ERANGE) return {};
  }
  std::vector<std::string> result;
  for (size_t start = 0; start < names.size(); start += result.back().size() + 1) {
    result.emplace_back(names.c_str() + start);
  }
  std::sort(result.begin(), result.end());
  return result;
}

/// An attribute of overlayfs, in the name space of root or (mount option userxattr) of users.
std::optional<std::string> overlayAttribute(int fd, const std::string& name) {
  auto value = attribute(fd, ("trusted.overlay." + name).c_str());
  return value ? value : attribute(fd, ("user.overlay." + name).c_str());
}

/// Whether an attribute belongs to the file rather than to this machine.
bool travels(std::string_view name) {
  if (name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.")) return false;
  return !name.starts_with("security.") || name == "security.capability";
}

/// libarchive asks the locale what names are: they are UTF-8, also where this process has no locale. What is none is
/// written as it is, and marked (hdrcharset=BINARY, pax(1)).
class Utf8Names {
 public:
  Utf8Names() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)), before_(::uselocale(locale_)) {}
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;
  ~Utf8Names() {
    ::uselocale(before_);
    if (locale_ != nullptr) ::freelocale(locale_);
  }

 private:
  locale_t locale_;
  locale_t before_;
};

class TreeWriter {
 public:
  TreeWriter(Sink& sink, const LayerOptions& options, const std::atomic<bool>& cancelled)
      : sink_(sink),
        options_(options),
        cancelled_(cancelled),
        writer_(::archive_write_new()),
        entry_(::archive_entry_new(), ::archive_entry_free),
        buffer_(kBufferBytes) {
    if (!writer_ || !entry_) throw std::bad_alloc();
    archive* writer = writer_.get();
    check(::archive_write_set_format_pax_restricted(writer), writer, sink_, "format");
    // The form of attributes that Docker reads.
    check(::archive_write_set_format_option(writer, "pax", "xattrheader", "SCHILY"), writer, sink_, "xattrheader");
    open(writer, sink_);
  }

  void writeRoot(int root) {
    struct stat status {};
    if (::fstat(root, &status) != 0) throw SysError(errno, "fstat");
    if (isDiff()) checkUpper(root, "");
    writeEntries(root, "");
  }

  void finish() { check(::archive_write_close(writer_.get()), writer_.get(), sink_, "close"); }

  uint64_t entries() const noexcept { return entries_; }

 private:
  bool isDiff() const noexcept { return options_.form == LayerOptions::Form::kDiff; }

  void stopWhenCancelled() const {
    if (cancelled_.load(std::memory_order_relaxed)) throw SysError(ECANCELED, "writeLayer");
  }

  static std::vector<std::string> namesIn(int directory, const std::string& path) {
    // fdopendir takes the fd over and moves its offset, so it gets one of its own.
    UniqueFd own{::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!own) throw SysError(errno, "openat", path);
    std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(own.get()), ::closedir};
    if (!stream) throw SysError(errno, "fdopendir", path);
    (void)own.release();
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* each = ::readdir(stream.get());
      if (each == nullptr) {
        if (errno != 0) throw SysError(errno, "readdir", path);
        break;
      }
      const std::string_view name = each->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  void writeEntries(int directory, const std::string& path) {
    if (isDiff() && overlayAttribute(directory, "opaque") == "y") writeMark(path + std::string(kOpaqueName));
    for (const std::string& name : namesIn(directory, path)) {
      stopWhenCancelled();
      writeEntry(directory, path, name);
    }
  }

  void writeEntry(int parent, const std::string& parentPath, const std::string& name) {
    const std::string path = parentPath + name;
    struct stat status {};
    if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      // A running container goes on removing its files; and overlayfs shows nobody its own directories (ovl_lookup).
      if (errno == ENOENT || errno == ELOOP) return;
      throw SysError(errno, "fstatat", path);
    }
    if (isDiff()) {
      if (S_ISCHR(status.st_mode) && status.st_rdev == 0) return writeMark(parentPath + ".wh." + name);
      if (name.starts_with(kWhiteoutPrefix)) {
        throw InputError("INVALID", "cannot put " + path + " into a layer: there its name means a removed file");
      }
    }
    if (S_ISSOCK(status.st_mode)) {
      if (options_.settles && ::unlinkat(parent, name.c_str(), 0) != 0) throw SysError(errno, "unlinkat", path);
      return;
    }
    if (!isDiff() && isMountPoint(parent, name)) {
      if (!S_ISDIR(status.st_mode)) status.st_mode = S_IFREG | (status.st_mode & 07777);
      describe(path, status);
      ::archive_entry_set_size(entry_.get(), 0);
      return writeHeader(path);
    }
    if (S_ISDIR(status.st_mode) || S_ISREG(status.st_mode)) {
      const int kind = S_ISDIR(status.st_mode) ? O_DIRECTORY : O_NONBLOCK;
      UniqueFd fd{::openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | kind)};
      if (!fd) {
        if (errno == ENOENT) return;
        throw SysError(errno, "openat", path);
      }
      if (::fstat(fd.get(), &status) != 0) throw SysError(errno, "fstat", path);
      if (S_ISDIR(status.st_mode)) {
        writeDirectory(fd.get(), path, status);
      } else if (S_ISREG(status.st_mode)) {
        writeFile(fd.get(), parentPath, name, status);
      }
      if (options_.settles) settle(parent, name, path, status);
      return;
    }
    if (options_.settles) settle(parent, name, path, status);
    if (writeHardLink(path, status)) return;
    describe(path, status);
    if (S_ISLNK(status.st_mode)) {
      ::archive_entry_set_symlink(entry_.get(), readLink(parent, name, path, status).c_str());
    } else if (!S_ISFIFO(status.st_mode)) {
      ::archive_entry_set_rdevmajor(entry_.get(), major(status.st_rdev));
      ::archive_entry_set_rdevminor(entry_.get(), minor(status.st_rdev));
    }
    writeHeader(path);
    remember(path, status);
  }

  /// Last of all for a directory: what is below it has its own time to itself.
  void settle(int parent, const std::string& name, const std::string& path, const struct stat& status) const {
    const std::string place = "/proc/self/fd/" + std::to_string(parent) + "/" + name;
    const auto list = [&](char* names, size_t size) { return ::llistxattr(place.c_str(), names, size); };
    for (const std::string& each : attributeNames(list)) {
      if (travels(each) || each.ends_with(".overlay.opaque")) continue;
      // Labels of the host's security modules may be theirs to keep.
      if (::lremovexattr(place.c_str(), each.c_str()) != 0 && !each.starts_with("security.")) {
        throw SysError(errno, "lremovexattr", path);
      }
    }
    const timespec modified{timeOf(status), 0};
    if (modified.tv_sec == status.st_mtim.tv_sec && status.st_mtim.tv_nsec == 0) return;
    const timespec times[2] = {modified, modified};
    if (::utimensat(parent, name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) throw SysError(errno, "utimensat", path);
  }

  time_t timeOf(const struct stat& status) const {
    const time_t seconds = status.st_mtim.tv_sec;
    return options_.sourceDateEpoch ? std::min<time_t>(seconds, *options_.sourceDateEpoch) : seconds;
  }

  static bool isMountPoint(int parent, const std::string& name) {
    struct statx status {};
    const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    return ::statx(parent, name.c_str(), flags, STATX_TYPE, &status) == 0 &&
           (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  }

  void writeDirectory(int fd, const std::string& path, const struct stat& status) {
    if (isDiff()) checkUpper(fd, path);
    describe(path, status);
    addAttributes(fd);
    writeHeader(path);
    writeEntries(fd, path + '/');
  }

  /// What another mount wrote down instead of doing it cannot be told from this directory alone.
  static void checkUpper(int fd, const std::string& path) {
    if (!overlayAttribute(fd, "redirect")) return;
    throw InputError("INVALID", "cannot make a layer of /" + path + ": the overlay was mounted with redirect_dir");
  }

  void writeFile(int fd, const std::string& parentPath, const std::string& name, const struct stat& status) {
    const std::string path = parentPath + name;
    if (isDiff()) {
      if (status.st_size == 0 && overlayAttribute(fd, "whiteout")) return writeMark(parentPath + ".wh." + name);
      if (overlayAttribute(fd, "metacopy")) {
        throw InputError("INVALID", "cannot make a layer of /" + path + ": the overlay was mounted with metacopy");
      }
    }
    if (writeHardLink(path, status)) return;
    describe(path, status);
    ::archive_entry_set_size(entry_.get(), status.st_size);
    addAttributes(fd);
    const bool hasHoles = status.st_blocks * 512 < status.st_size && addHoles(fd, status.st_size);
    writeHeader(path);
    writeContent(fd, path, status.st_size, hasHoles);
    remember(path, status);
  }

  /// Tells the archive where the data is; false when it is everywhere.
  bool addHoles(int fd, off_t size) {
    bool found = false;
    for (off_t offset = 0; offset < size;) {
      const off_t data = ::lseek(fd, offset, SEEK_DATA);
      if (data < 0) {
        if (errno != ENXIO) return false;
        // Only a hole is left: the list ends with nothing at the end of the file.
        ::archive_entry_sparse_add_entry(entry_.get(), size, 0);
        return true;
      }
      found = found || data > offset;
      off_t hole = ::lseek(fd, data, SEEK_HOLE);
      if (hole < 0 || hole > size) hole = size;
      ::archive_entry_sparse_add_entry(entry_.get(), data, hole - data);
      found = found || hole < size;
      offset = hole;
    }
    if (!found) ::archive_entry_sparse_clear(entry_.get());
    return found;
  }

  /// libarchive takes the holes' bytes too and leaves them out itself. What a file has lost since it was looked at is
  /// filled up with zeros.
  void writeContent(int fd, const std::string& path, off_t size, bool hasHoles) {
    for (off_t offset = 0; offset < size;) {
      stopWhenCancelled();
      const size_t wanted = std::min(buffer_.size(), static_cast<size_t>(size - offset));
      size_t got = 0;
      off_t data = offset;
      if (hasHoles) {
        data = ::lseek(fd, offset, SEEK_DATA);
        if (data < 0) data = size;
      }
      if (data >= offset + static_cast<off_t>(wanted)) {
        std::fill_n(buffer_.begin(), wanted, '\0');
        got = wanted;
      } else {
        const ssize_t count = ::pread(fd, buffer_.data(), wanted, offset);
        if (count < 0) {
          if (errno == EINTR) continue;
          throw SysError(errno, "read", path);
        }
        if (count == 0) break;
        got = static_cast<size_t>(count);
      }
      writeData(got, path);
      offset += static_cast<off_t>(got);
    }
  }

  void writeData(size_t size, const std::string& path) {
    const char* bytes = buffer_.data();
    while (size > 0) {
      const la_ssize_t put = ::archive_write_data(writer_.get(), bytes, size);
      if (put < 0) sink_.fail(writer_.get(), path);
      if (put == 0) throw SysError(EIO, "archive_write", path);
      bytes += put;
      size -= static_cast<size_t>(put);
    }
  }

  /// An empty file that says that something is not there.
  void writeMark(const std::string& path) {
    struct stat status {};
    status.st_mode = S_IFREG;
    describe(path, status);
    ::archive_entry_set_size(entry_.get(), 0);
    writeHeader(path);
  }

  void describe(const std::string& path, const struct stat& status) {
    archive_entry* entry = entry_.get();
    ::archive_entry_clear(entry);
    ::archive_entry_set_pathname(entry, path.c_str());
    ::archive_entry_set_mode(entry, status.st_mode);
    ::archive_entry_set_uid(entry, status.st_uid);
    ::archive_entry_set_gid(entry, status.st_gid);
    ::archive_entry_set_mtime(entry, timeOf(status), 0);
  }

  void addAttributes(int fd) {
    const auto list = [&](char* names, size_t size) { return ::flistxattr(fd, names, size); };
    for (const std::string& name : attributeNames(list)) {
      if (!travels(name)) continue;
      if (const auto value = attribute(fd, name.c_str())) {
        ::archive_entry_xattr_add_entry(entry_.get(), name.c_str(), value->data(), value->size());
      }
    }
  }

  void writeHeader(const std::string& path) {
    // A warning would be about what this archive leaves out, such as a name that is no UTF-8; we say it is bytes.
    check(::archive_write_header(writer_.get(), entry_.get()), writer_.get(), sink_, path);
    ++entries_;
  }

  /// True when the same file is in the archive under another name.
  bool writeHardLink(const std::string& path, const struct stat& status) {
    if (status.st_nlink < 2) return false;
    const auto found = earlier_.find({status.st_dev, status.st_ino});
    if (found == earlier_.end()) return false;
    describe(path, status);
    ::archive_entry_set_hardlink(entry_.get(), found->second.c_str());
    writeHeader(path);
    return true;
  }

  void remember(const std::string& path, const struct stat& status) {
    if (status.st_nlink > 1) earlier_.emplace(std::pair{status.st_dev, status.st_ino}, path);
  }

  static std::string readLink(int parent, const std::string& name, const std::string& path, const struct stat& status) {
    std::string target(std::max<size_t>(static_cast<size_t>(status.st_size) + 1, 256), '\0');
    const ssize_t length = ::readlinkat(parent, name.c_str(), target.data(), target.size());
    if (length < 0) throw SysError(errno, "readlinkat", path);
    target.resize(static_cast<size_t>(length));
    return target;
  }

  Sink& sink_;
  const LayerOptions& options_;
  const std::atomic<bool>& cancelled_;
  Writer writer_;
  std::unique_ptr<archive_entry, decltype(&::archive_entry_free)> entry_;
  std::vector<char> buffer_;
  std::map<std::pair<dev_t, ino_t>, std::string> earlier_;
  uint64_t entries_ = 0;
};

}  // namespace

LayerSummary writeLayer(const std::vector<std::string>& layers, int output, const LayerOptions& options,
                        const std::atomic<bool>& cancelled) {
  const UniqueFd root = openLayers(layers, options.work);
  const Utf8Names names;
  FileSink file(output);
  CompressingSink compressor(file, options.compression);
  TreeWriter tree(compressor, options, cancelled);
  tree.writeRoot(root.get());
  tree.finish();
  compressor.finish();
  LayerSummary summary;
  summary.diffId = compressor.digest();
  summary.diffSizeBytes = compressor.sizeBytes();
  summary.digest = file.digest();
  summary.sizeBytes = file.sizeBytes();
  summary.entries = tree.entries();
  return summary;
}

}  // namespace tscompose
