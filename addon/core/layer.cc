#include "core/layer.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "core/decompress.h"
#include "core/error.h"
#include "core/layer_tree.h"
#include "core/read_ahead.h"
#include "core/sha256.h"

namespace tscompose {

namespace {

/// The blob's bytes on their way: hashed, decompressed on another thread, hashed again. A small one is not worth a
/// thread.
class LayerStream {
 public:
  explicit LayerStream(GrowingFile& blob) : blob_(blob) {
    if (blob.total() > kSmallBytes) {
      ahead_.emplace([this](std::span<char> block) { return fill(block); });
    } else {
      block_ = std::make_unique_for_overwrite<char[]>(kBlockBytes);
    }
  }
  /// A read that waits for bytes which never come would keep the thread.
  ~LayerStream() {
    if (!isComplete_) blob_.cancel();
  }
  LayerStream(const LayerStream&) = delete;
  LayerStream& operator=(const LayerStream&) = delete;

  /// Empty at the end.
  std::span<const char> next() {
    blob_.throwIfCancelled();
    const std::span<const char> block =
        ahead_ ? ahead_->next() : std::span<const char>{block_.get(), fill({block_.get(), kBlockBytes})};
    if (block.empty()) isComplete_ = true;
    // Without compression the blob is the archive, and hashed already.
    if (isCompressed_) archiveHash_.update(block.data(), block.size());
    archiveBytes_ += block.size();
    return block;
  }

  UnpackResult finish() {
    // What follows the end of the archive counts too.
    while (!next().empty()) continue;
    UnpackResult result;
    result.blobDigest = blobHash_.digest();
    result.diffId = isCompressed_ ? archiveHash_.digest() : result.blobDigest;
    result.archiveBytes = archiveBytes_;
    return result;
  }

 private:
  static constexpr uint64_t kSmallBytes = 1U << 20U;
  static constexpr size_t kBlockBytes = 256U << 10U;

  /// On the other thread, if there is one.
  size_t fill(std::span<char> block) {
    if (!decompressor_) {
      decompressor_ = Decompressor::open([this](std::span<char> buffer) {
        const size_t count = blob_.read(buffer);
        blobHash_.update(buffer.data(), count);
        return count;
      });
      // The other side looks at it only after it has got a block, or the end, from here.
      isCompressed_ = decompressor_->isCompressed();
    }
    return decompressor_->read(block);
  }

  GrowingFile& blob_;
  Sha256 blobHash_;
  Sha256 archiveHash_;
  uint64_t archiveBytes_ = 0;
  bool isComplete_ = false;
  bool isCompressed_ = true;
  std::unique_ptr<Decompressor> decompressor_;
  std::unique_ptr<char[]> block_;
  std::optional<ReadAhead> ahead_;
};

/// libarchive converts names by the thread's locale, and Node's is "C", in which a name that is not ASCII has no form.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (locale_ != nullptr) before_ = ::uselocale(locale_);
  }
  ~Utf8Locale() {
    if (locale_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t locale_;
  locale_t before_ = nullptr;
};

struct Reading {
  LayerStream& stream;
  std::exception_ptr failure;
};

la_ssize_t readBlock(archive* reader, void* context, const void** buffer) {
  auto* reading = static_cast<Reading*>(context);
  try {
    const auto block = reading->stream.next();
    *buffer = block.data();
    return static_cast<la_ssize_t>(block.size());
  } catch (...) {
    // No exception through C.
    reading->failure = std::current_exception();
    ::archive_set_error(reader, EIO, "the layer cannot be read");
    return ARCHIVE_FATAL;
  }
}

class Reader {
 public:
  explicit Reader(LayerStream& stream) : reading_{stream, nullptr}, archive_(::archive_read_new()) {
    if (!archive_) throw std::bad_alloc();
    ::archive_read_support_format_tar(archive_.get());
    ::archive_read_support_format_empty(archive_.get());
    check(::archive_read_open(archive_.get(), &reading_, nullptr, readBlock, nullptr));
  }

  /// Null at the end.
  archive_entry* next() {
    archive_entry* entry = nullptr;
    const int result = ::archive_read_next_header(archive_.get(), &entry);
    if (result == ARCHIVE_EOF) return nullptr;
    check(result);
    return entry;
  }

  /// False at the end of the entry's data.
  bool data(std::span<const char>& bytes, int64_t& offset) {
    const void* start = nullptr;
    size_t size = 0;
    la_int64_t position = 0;
    const int result = ::archive_read_data_block(archive_.get(), &start, &size, &position);
    if (result == ARCHIVE_EOF) return false;
    check(result);
    bytes = {static_cast<const char*>(start), size};
    offset = position;
    return true;
  }

 private:
  void check(int result) {
    if (reading_.failure) std::rethrow_exception(reading_.failure);
    // A warning is about a name that is not UTF-8: it is taken byte by byte.
    if (result == ARCHIVE_OK || result == ARCHIVE_WARN) return;
    const char* reason = ::archive_error_string(archive_.get());
    throw InputError("INVALID",
                     std::string("the layer is no sound tar archive: ") + (reason != nullptr ? reason : "?"));
  }

  struct Free {
    void operator()(archive* reader) const { ::archive_read_free(reader); }
  };
  Reading reading_;
  std::unique_ptr<archive, Free> archive_;
};

std::string textOf(const char* bytes, const char* utf8) {
  if (bytes != nullptr) return bytes;
  return utf8 != nullptr ? utf8 : "";
}

LayerEntry describe(archive_entry* entry) {
  LayerEntry result;
  result.path = textOf(::archive_entry_pathname(entry), ::archive_entry_pathname_utf8(entry));
  result.mode = ::archive_entry_mode(entry);
  result.uid = ::archive_entry_uid(entry);
  result.gid = ::archive_entry_gid(entry);
  result.modified = {::archive_entry_mtime(entry), ::archive_entry_mtime_nsec(entry)};
  result.size = ::archive_entry_size(entry);
  if (const std::string link = textOf(::archive_entry_hardlink(entry), ::archive_entry_hardlink_utf8(entry));
      !link.empty()) {
    result.kind = LayerEntry::Kind::kHardLink;
    result.link = link;
    return result;
  }
  switch (::archive_entry_filetype(entry)) {
    case AE_IFREG:
      result.kind = LayerEntry::Kind::kFile;
      break;
    case AE_IFDIR:
      result.kind = LayerEntry::Kind::kDirectory;
      break;
    case AE_IFLNK:
      result.kind = LayerEntry::Kind::kSymlink;
      result.link = textOf(::archive_entry_symlink(entry), ::archive_entry_symlink_utf8(entry));
      break;
    case AE_IFCHR:
    case AE_IFBLK:
    case AE_IFIFO:
      result.kind = LayerEntry::Kind::kNode;
      result.major = static_cast<uint32_t>(::archive_entry_rdevmajor(entry));
      result.minor = static_cast<uint32_t>(::archive_entry_rdevminor(entry));
      break;
    default:
      throw InputError("INVALID", "the layer has an entry of an unknown kind: " + result.path);
  }
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  ::archive_entry_xattr_reset(entry);
  while (::archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
    result.attributes.emplace_back(name, std::string(static_cast<const char*>(value), size));
  }
  return result;
}

}  // namespace

UnpackResult unpackLayer(GrowingFile& blob, const UnpackOptions& options) {
  const Utf8Locale locale;
  LayerTree tree{options};
  LayerStream stream{blob};
  Reader reader{stream};
  while (archive_entry* header = reader.next()) {
    blob.throwIfCancelled();
    const LayerEntry entry = describe(header);
    auto file = tree.add(entry);
    if (!file) continue;
    std::span<const char> bytes;
    int64_t offset = 0;
    while (reader.data(bytes, offset)) file->write(bytes, offset);
    tree.finish(*file, entry);
  }
  tree.finish();
  UnpackResult result = stream.finish();
  result.entries = tree.entries();
  result.fileBytes = tree.fileBytes();
  return result;
}

UnpackResult digestLayer(GrowingFile& blob) { return LayerStream{blob}.finish(); }

}  // namespace tscompose
