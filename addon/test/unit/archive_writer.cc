#include "core/archive_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <vector>

#include "core/compare_tree.h"
#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"
#include "core/growing_file.h"
#include "core/layer.h"
#include "core/sha256.h"
#include "test/unit/test.h"

using namespace tscompose;

namespace {

const std::atomic<bool> kGoOn = false;

struct Directory {
  std::string path;
  Directory() {
    std::string pattern = std::filesystem::temp_directory_path() / "tscompose-archive-XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Directory() { std::filesystem::remove_all(path); }

  std::string operator/(const std::string& name) const { return path + "/" + name; }
  std::string add(const std::string& name) const {
    std::filesystem::create_directories(*this / name);
    return *this / name;
  }
  void write(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    const UniqueFd fd{::open((*this / name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    CHECK(fd);
    writeFully(fd.get(), text, name);
    CHECK(::fchmod(fd.get(), mode) == 0);
    const timespec times[2] = {{1000, 5}, {1000, 5}};
    CHECK(::futimens(fd.get(), times) == 0);
  }
};

struct Archive {
  LayerSummary summary;
  std::string bytes;
};

Archive archived(const std::vector<std::string>& layers, const LayerOptions& options) {
  const UniqueFd file{::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  CHECK(file);
  Archive result;
  result.summary = writeLayer(layers, file.get(), options, kGoOn);
  CHECK(::lseek(file.get(), 0, SEEK_SET) == 0);
  result.bytes = readAll(file.get(), "archive", size_t{64} << 20U);
  return result;
}

std::string digestOf(const std::string& bytes) {
  Sha256 hash;
  hash.update(bytes.data(), bytes.size());
  return hash.digest();
}

struct Entry {
  mode_t mode = 0;
  int64_t uid = 0;
  int64_t size = 0;
  time_t time = 0;
  dev_t device = 0;
  std::string link;
  std::string hardLink;
  std::string content;
  std::map<std::string, std::string> attributes;
  int holes = 0;
};

struct ReadFree {
  void operator()(archive* reader) const { ::archive_read_free(reader); }
};

/// The entries of a tar archive in their order.
std::vector<std::pair<std::string, Entry>> entriesOf(const std::string& bytes) {
  const std::unique_ptr<archive, ReadFree> reader{::archive_read_new()};
  ::archive_read_support_format_tar(reader.get());
  ::archive_read_support_filter_all(reader.get());
  CHECK(::archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) == ARCHIVE_OK);
  std::vector<std::pair<std::string, Entry>> result;
  archive_entry* each = nullptr;
  for (;;) {
    const int code = ::archive_read_next_header(reader.get(), &each);
    if (code == ARCHIVE_EOF) return result;
    CHECK(code == ARCHIVE_OK || code == ARCHIVE_WARN);
    Entry entry;
    entry.mode = ::archive_entry_mode(each);
    entry.uid = ::archive_entry_uid(each);
    entry.size = ::archive_entry_size(each);
    entry.time = ::archive_entry_mtime(each);
    entry.device = ::archive_entry_rdev(each);
    if (const char* link = ::archive_entry_symlink(each)) entry.link = link;
    if (const char* link = ::archive_entry_hardlink(each)) entry.hardLink = link;
    entry.holes = ::archive_entry_sparse_reset(each);
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    ::archive_entry_xattr_reset(each);
    while (::archive_entry_xattr_next(each, &name, &value, &size) == ARCHIVE_OK) {
      entry.attributes[name] = std::string(static_cast<const char*>(value), size);
    }
    const void* block = nullptr;
    la_int64_t offset = 0;
    while (::archive_read_data_block(reader.get(), &block, &size, &offset) == ARCHIVE_OK) {
      entry.content.resize(static_cast<size_t>(offset), '\0');
      entry.content.append(static_cast<const char*>(block), size);
    }
    result.emplace_back(::archive_entry_pathname(each), entry);
  }
}

std::map<std::string, Entry> byName(const std::string& bytes) {
  std::map<std::string, Entry> result;
  for (auto& [name, entry] : entriesOf(bytes)) result.emplace(name, entry);
  return result;
}

std::string namesOf(const std::string& bytes) {
  std::string names;
  for (const auto& [name, entry] : entriesOf(bytes)) names += name + " ";
  return names;
}

const LayerOptions kDiff{};
const LayerOptions kTree{LayerOptions::Form::kTree, LayerOptions::Compression::kNone, std::nullopt, {}};

/// A capability in its form on disk: cap_net_raw, permitted and effective (linux/capability.h, revision 2).
std::string capability() {
  const std::array<char, 20> bytes{1, 0, 0, 2, 0, 0x20};
  return {bytes.data(), bytes.size()};
}

}  // namespace

TEST("archive: everything a file can be is kept") {
  const Directory root;
  root.write("plain", "text", 04755);
  CHECK(::chown((root / "plain").c_str(), 3000000, 7) == 0);
  CHECK(::chmod((root / "plain").c_str(), 04755) == 0);
  CHECK(::symlink("../somewhere", (root / "link").c_str()) == 0);
  CHECK(::link((root / "plain").c_str(), (root / "zz-hard").c_str()) == 0);
  CHECK(::mkfifo((root / "fifo").c_str(), 0600) == 0);
  CHECK(::chmod((root / "fifo").c_str(), 0620) == 0);
  CHECK(::mknod((root / "null").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0);
  CHECK(::mknod((root / "disk").c_str(), S_IFBLK | 0600, makedev(259, 300000)) == 0);
  const std::string longName = "long/" + std::string(200, 'd') + "/" + std::string(250, 'e');
  root.add("long/" + std::string(200, 'd'));
  root.write(longName, "far");
  root.write("caf\xc3\xa9", "utf-8");
  root.write("caf\xe9", "latin-1");
  CHECK(::lsetxattr((root / "caf\xe9").c_str(), "trusted.note", "a\0b", 3, 0) == 0);
  root.write("able", "");
  CHECK(::lsetxattr((root / "able").c_str(), "security.capability", capability().data(), 20, 0) == 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (root / "socket").copy(address.sun_path, sizeof address.sun_path - 1);
  CHECK(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const UniqueFd bound{socket};

  const Archive archive = archived({root.path}, kTree);
  CHECK_EQUAL(archive.summary.digest, digestOf(archive.bytes));
  CHECK_EQUAL(archive.summary.diffId, archive.summary.digest);
  CHECK_EQUAL(archive.summary.sizeBytes, archive.bytes.size());
  auto entries = byName(archive.bytes);
  CHECK_EQUAL(entries["plain"].mode, static_cast<mode_t>(S_IFREG | 04755));
  CHECK_EQUAL(entries["plain"].uid, 3000000);
  CHECK_EQUAL(entries["plain"].content, "text");
  CHECK_EQUAL(entries["plain"].time, 1000);
  CHECK_EQUAL(entries["link"].link, "../somewhere");
  CHECK_EQUAL(entries["zz-hard"].hardLink, "plain");
  CHECK_EQUAL(entries["fifo"].mode, static_cast<mode_t>(S_IFIFO | 0620));
  CHECK(entries["null"].device == makedev(1, 3));
  CHECK(entries["disk"].device == makedev(259, 300000));
  CHECK_EQUAL(entries[longName].content, "far");
  CHECK_EQUAL(entries["caf\xc3\xa9"].content, "utf-8");
  CHECK_EQUAL(entries["caf\xe9"].content, "latin-1");
  CHECK(entries["caf\xe9"].attributes["trusted.note"] == std::string("a\0b", 3));
  CHECK(entries["able"].attributes["security.capability"] == capability());
  CHECK(!entries.contains("socket"));
  CHECK_EQUAL(archive.summary.entries, entries.size());
  // Only what is no UTF-8 needs to be marked, which other programs complain about.
  size_t marks = 0;
  for (size_t at = 0; (at = archive.bytes.find("hdrcharset", at)) != std::string::npos; ++at) ++marks;
  CHECK_EQUAL(marks, size_t{1});
}

TEST("archive: holes stay holes, wherever they are") {
  const Directory root;
  const std::map<std::string, std::vector<std::pair<off_t, std::string>>> files{
      {"all", {}}, {"begin", {{1 << 20, "end"}}}, {"end", {{0, "begin"}}}, {"middle", {{0, "a"}, {1 << 20, "b"}}}};
  constexpr off_t kSize = 3 << 20;
  for (const auto& [name, pieces] : files) {
    const UniqueFd fd{::open((root / name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)};
    CHECK(::ftruncate(fd.get(), kSize) == 0);
    for (const auto& [offset, text] : pieces) {
      CHECK(::pwrite(fd.get(), text.data(), text.size(), offset) == static_cast<ssize_t>(text.size()));
    }
  }
  const Archive archive = archived({root.path}, kTree);
  CHECK(archive.bytes.size() < 200000);
  auto entries = byName(archive.bytes);
  for (const auto& [name, pieces] : files) {
    std::string expected(kSize, '\0');
    for (const auto& [offset, text] : pieces) expected.replace(static_cast<size_t>(offset), text.size(), text);
    CHECK_EQUAL(entries[name].size, kSize);
    entries[name].content.resize(kSize, '\0');
    CHECK(entries[name].content == expected);
  }
}

TEST("archive: an upper directory becomes a diff") {
  const Directory upper;
  upper.add("etc/opaque/inner");
  upper.write("etc/opaque/new", "n");
  CHECK(::mknod((upper / "etc/gone").c_str(), S_IFCHR, makedev(0, 0)) == 0);
  CHECK(::lsetxattr((upper / "etc/opaque").c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0);
  CHECK(::lsetxattr((upper / "etc").c_str(), "trusted.overlay.impure", "y", 1, 0) == 0);
  CHECK(::lsetxattr((upper / "etc").c_str(), "trusted.mine", "1", 1, 0) == 0);
  const Archive archive = archived({upper.path}, kDiff);
  CHECK_EQUAL(namesOf(archive.bytes),
              "etc/ etc/.wh.gone etc/opaque/ etc/opaque/.wh..wh..opq etc/opaque/inner/ etc/opaque/new ");
  auto entries = byName(archive.bytes);
  CHECK_EQUAL(entries["etc/.wh.gone"].mode, static_cast<mode_t>(S_IFREG));
  CHECK_EQUAL(entries["etc/.wh.gone"].size, 0);
  CHECK_EQUAL(entries["etc/"].attributes.size(), size_t{1});
  CHECK_EQUAL(entries["etc/"].attributes["trusted.mine"], "1");
  CHECK(entries["etc/opaque/"].attributes.empty());
  // As a plain tree nothing of that has a meaning.
  CHECK_EQUAL(namesOf(archived({upper.path}, kTree).bytes),
              "etc/ etc/gone etc/opaque/ etc/opaque/inner/ etc/opaque/new ");
}

TEST("archive: what a layer cannot say is refused") {
  const Directory upper;
  upper.write(".wh.file", "");
  CHECK_THROWS(InputError, archived({upper.path}, kDiff));
  CHECK_EQUAL(namesOf(archived({upper.path}, kTree).bytes), ".wh.file ");
  const Directory redirected;
  CHECK(::lsetxattr(redirected.add("moved").c_str(), "trusted.overlay.redirect", "/old", 4, 0) == 0);
  CHECK_THROWS(InputError, archived({redirected.path}, kDiff));
}

TEST("archive: equal trees give equal bytes, in sorted order, compressed or not") {
  const Directory first;
  const Directory second;
  const std::vector<std::string> names{"b", "a", "c/x", "c/a", "c.d"};
  for (const Directory* root : {&first, &second}) {
    root->add("c");
    const bool isFirst = root == &first;
    for (size_t i = 0; i < names.size(); ++i) root->write(names[isFirst ? i : names.size() - 1 - i], "same");
    const timespec times[2] = {{2000, 0}, {2000, 0}};
    CHECK(::utimensat(AT_FDCWD, (*root / "c").c_str(), times, 0) == 0);
  }
  for (const auto compression :
       {LayerOptions::Compression::kNone, LayerOptions::Compression::kGzip, LayerOptions::Compression::kZstd}) {
    LayerOptions options;
    options.compression = compression;
    const Archive one = archived({first.path}, options);
    const Archive other = archived({second.path}, options);
    CHECK(one.bytes == other.bytes);
    CHECK_EQUAL(one.summary.digest, digestOf(one.bytes));
    CHECK_EQUAL(one.summary.diffId, archived({first.path}, kDiff).summary.digest);
    CHECK_EQUAL(namesOf(one.bytes), "a b c/ c/a c/x c.d ");
  }
}

TEST("archive: no time is later than SOURCE_DATE_EPOCH") {
  const Directory root;
  root.write("old", "");
  LayerOptions options;
  root.add("new");
  options.sourceDateEpoch = 1500;
  auto entries = byName(archived({root.path}, options).bytes);
  CHECK_EQUAL(entries["old"].time, 1000);
  CHECK_EQUAL(entries["new/"].time, 1500);
}

TEST("archive: many layers are read as one, whatever the length of their paths") {
  const Directory root;
  std::vector<std::string> layers;
  for (int i = 0; i < 12; ++i) {
    const std::string layer = std::string(40, 'l') + std::to_string(i);
    root.add(layer);
    root.write(layer + "/file", std::to_string(i));
    root.write(layer + "/file" + std::to_string(i), "");
    layers.push_back(root / layer);
  }
  auto entries = byName(archived(layers, kTree).bytes);
  CHECK_EQUAL(entries.size(), size_t{13});
  CHECK_EQUAL(entries["file"].content, "0");
}

TEST("archive: the host's root can be below, and of what is mounted in it only the place is seen") {
  const Directory root;
  const std::string lower = root.add("lower");
  const std::string upper = root.add("lower/upper");
  const std::string work = root.add("lower/work");
  root.add("lower/mounted");
  root.write("lower/mounted/below", "");
  root.write("lower/upper/new", "n");
  LayerOptions options = kTree;
  options.work = work;
  CHECK_EQUAL(namesOf(archived({upper, lower}, options).bytes), "mounted/ mounted/below new ");
  CHECK_THROWS(SysError, archived({upper, lower}, kTree));
  CHECK(::mount("none", (lower + "/mounted").c_str(), "tmpfs", 0, nullptr) == 0);
  CHECK(::mknod((lower + "/mounted/on-it").c_str(), S_IFREG, 0) == 0);
  const std::string names = namesOf(archived({lower}, kTree).bytes);
  CHECK(::umount((lower + "/mounted").c_str()) == 0);
  CHECK(names.starts_with("mounted/ upper/ "));
}

TEST("archive: a settled layer is what its archive unpacks to") {
  const Directory root;
  const std::string layer = root.add("layer");
  root.add("layer/hiding");
  root.add("layer/d");
  root.write("layer/d/file", "text");
  root.write("layer/late", "");
  const timespec late[2] = {{5000, 7}, {5000, 7}};
  CHECK(::utimensat(AT_FDCWD, (root / "layer/late").c_str(), late, 0) == 0);
  CHECK(::link((root / "layer/d/file").c_str(), (root / "layer/hard").c_str()) == 0);
  CHECK(::symlink("d", (root / "layer/link").c_str()) == 0);
  CHECK(::mknod((root / "layer/gone").c_str(), S_IFCHR | 0600, 0) == 0);
  for (const char* name : {"layer/link", "layer/d/file", "layer/d"}) {
    CHECK(::lsetxattr((root / name).c_str(), "trusted.overlay.origin", "x", 1, 0) == 0);
  }
  CHECK(::lsetxattr((root / "layer/hiding").c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0);
  CHECK(::mknod((root / "layer/socket").c_str(), S_IFSOCK | 0600, 0) == 0);

  LayerOptions options;
  options.settles = true;
  options.sourceDateEpoch = 2000;
  const UniqueFd file{::open((root / "archive").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)};
  const LayerSummary summary = writeLayer({layer}, file.get(), options, kGoOn);
  const std::string unpacked = root.add("unpacked");
  GrowingFile whole{UniqueFd{::open((root / "archive").c_str(), O_RDONLY | O_CLOEXEC)}, summary.sizeBytes,
                    summary.sizeBytes};
  unpackLayer(whole, {unpacked, true, 100, 0});
  CHECK_EQUAL(compareTrees(layer, unpacked, kGoOn).value_or("equal"), "equal");
  struct stat status {};
  CHECK(::stat((layer + "/late").c_str(), &status) == 0);
  CHECK_EQUAL(status.st_mtim.tv_sec, 2000);
  CHECK_EQUAL(::lgetxattr((layer + "/link").c_str(), "trusted.overlay.origin", nullptr, 0), -1);
}

TEST("archive: it ends when it is cancelled, and when nobody reads") {
  const Directory root;
  root.write("file", std::string(1 << 20, 'x'));
  const UniqueFd file{::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  const std::atomic<bool> cancelled = true;
  const auto error = CHECK_THROWS(SysError, writeLayer({root.path}, file.get(), kTree, cancelled));
  CHECK_EQUAL(error.error(), ECANCELED);
  const UniqueFd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  for (const auto compression : {LayerOptions::Compression::kNone, LayerOptions::Compression::kGzip}) {
    LayerOptions options;
    options.compression = compression;
    const auto failure = CHECK_THROWS(SysError, writeLayer({root.path}, full.get(), options, kGoOn));
    CHECK_EQUAL(failure.error(), ENOSPC);
  }
}
