#include "core/layer.h"

#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <zstd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "core/compare_tree.h"
#include "core/decompress.h"
#include "core/error.h"
#include "core/file.h"
#include "core/sha256.h"
#include "test/unit/tar.h"
#include "test/unit/test.h"

using namespace tscompose;
using tscompose::test::Tar;

namespace {

namespace fs = std::filesystem;

/// A directory with an empty `root` and, beside it, a `secret` that no layer may touch.
class Place {
 public:
  Place() {
    std::string name = "/tmp/tscompose-layer-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw SysError(errno, "mkdtemp");
    directory_ = name;
    fs::create_directory(root());
    std::ofstream(directory_ + "/secret") << "untouched";
  }
  ~Place() { removeTree(directory_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  std::string root(const std::string& path = {}) const {
    return directory_ + "/root" + (path.empty() ? "" : "/" + path);
  }
  std::string outside(const std::string& name) const { return directory_ + "/" + name; }
  struct stat stat(const std::string& path) const {
    struct stat status {};
    if (::lstat(root(path).c_str(), &status) != 0) throw SysError(errno, "lstat", path);
    return status;
  }
  bool has(const std::string& path) const { return fs::exists(fs::symlink_status(root(path))); }
  std::string attribute(const std::string& path, const char* name) const {
    std::array<char, 256> value{};
    const ssize_t size = ::lgetxattr(root(path).c_str(), name, value.data(), value.size());
    return size < 0 ? "" : std::string(value.data(), static_cast<size_t>(size));
  }
  void checkOutsideIsUntouched() const {
    CHECK_EQUAL(readFile(directory_ + "/secret"), "untouched");
    size_t names = 0;
    for ([[maybe_unused]] const auto& each : fs::directory_iterator(directory_)) ++names;
    CHECK_EQUAL(names, 3U);  // root, secret and the blob
  }

  UnpackResult unpack(const std::string& blob, uint64_t maxEntries = 1000, uint64_t reserve = 0) const {
    GrowingFile file{open(blob), blob.size(), blob.size()};
    return unpackLayer(file, {root(), true, maxEntries, reserve});
  }
  UniqueFd open(const std::string& blob) const {
    const std::string path = directory_ + "/blob";
    std::ofstream(path, std::ios::binary) << blob;
    return UniqueFd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  }

 private:
  std::string directory_;
};

void requireRoot() {
  if (::geteuid() != 0) throw test::Skip("root");
}

std::string sha256(const std::string& bytes) {
  Sha256 hash;
  hash.update(bytes.data(), bytes.size());
  return hash.digest();
}

std::string gzip(const std::string& bytes) {
  std::vector<uint8_t> output(bytes.size() + 4096);
  isal_zstream stream{};
  ::isal_deflate_init(&stream);
  stream.end_of_stream = 1;
  stream.flush = NO_FLUSH;
  stream.gzip_flag = IGZIP_GZIP;
  stream.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uint32_t>(bytes.size());
  stream.next_out = output.data();
  stream.avail_out = static_cast<uint32_t>(output.size());
  CHECK(::isal_deflate(&stream) == COMP_OK);
  return {reinterpret_cast<char*>(output.data()), output.size() - stream.avail_out};
}

std::string zstd(const std::string& bytes) {
  std::string output(::ZSTD_compressBound(bytes.size()), '\0');
  output.resize(::ZSTD_compress(output.data(), output.size(), bytes.data(), bytes.size(), 1));
  return output;
}

/// The message with which the layer is refused.
std::string refusal(const Place& place, const Tar& tar, const char* code = "INVALID") {
  const auto error = CHECK_THROWS(InputError, place.unpack(tar.finish()));
  CHECK_EQUAL(error.code(), code);
  place.checkOutsideIsUntouched();
  return error.what();
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST("layer: files, directories, links and nodes come out as they went in") {
  requireRoot();
  const Place place;
  const std::string capability("\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
  Tar tar;
  tar.add({.name = "./", .type = '5', .mode = 0751, .uid = 3, .gid = 4});
  tar.directory("tmp/", 01777).directory("closed/", 0500);
  tar.add({.name = "tmp/file", .data = "hello", .mode = 04755, .uid = 1000, .gid = 1001, .modified = 1234567890});
  tar.add({.name = "ping",
           .data = "x",
           .mode = 0755,
           .records = {{"SCHILY.xattr.security.capability", capability}, {"mtime", "1500000000.123456789"}}});
  tar.file("closed/inside", "in");
  tar.hardlink("tmp/same", "tmp/file").symlink("tmp/link", "/etc/passwd");
  tar.add({.name = "null", .type = '3', .mode = 0666, .major = 1, .minor = 3});
  tar.add({.name = "pipe", .type = '6', .mode = 0620});
  tar.add({.name = "short", .data = "1", .records = {{"path", std::string(90, 'd') + "/" + std::string(200, 'f')}}});
  tar.add({.name = "u", .data = "1", .records = {{"path", "gr\xc3\xbc\xc3\x9f"}}});
  tar.file("latin\xe9", "raw");
  const std::string bytes = tar.finish();
  const UnpackResult result = place.unpack(bytes);
  CHECK_EQUAL(result.diffId, sha256(bytes));
  CHECK_EQUAL(result.blobDigest, sha256(bytes));
  CHECK_EQUAL(result.archiveBytes, bytes.size());
  CHECK_EQUAL(result.entries, 13U);
  CHECK_EQUAL(result.fileBytes, 13U);
  CHECK_EQUAL(place.stat("").st_mode, mode_t{S_IFDIR | 0751});
  CHECK_EQUAL(place.stat("").st_uid, 3U);
  CHECK_EQUAL(place.stat("tmp").st_mode, mode_t{S_IFDIR | 01777});
  CHECK_EQUAL(place.stat("tmp").st_mtime, 1'000'000'000);
  CHECK_EQUAL(place.stat("closed").st_mode, mode_t{S_IFDIR | 0500});
  const auto file = place.stat("tmp/file");
  CHECK_EQUAL(file.st_mode, mode_t{S_IFREG | 04755});
  CHECK(file.st_uid == 1000 && file.st_gid == 1001 && file.st_mtime == 1234567890);
  CHECK_EQUAL(place.stat("tmp/same").st_ino, file.st_ino);
  CHECK_EQUAL(fs::read_symlink(place.root("tmp/link")).string(), "/etc/passwd");
  CHECK_EQUAL(place.attribute("ping", "security.capability"), capability);
  CHECK_EQUAL(place.stat("ping").st_mtim.tv_nsec, 123456789);
  CHECK(place.stat("null").st_rdev == makedev(1, 3) && place.stat("null").st_mode == (S_IFCHR | 0666));
  CHECK_EQUAL(place.stat("pipe").st_mode, mode_t{S_IFIFO | 0620});
  CHECK(place.has(std::string(90, 'd') + "/" + std::string(200, 'f')));
  CHECK_EQUAL(readFile(place.root("gr\xc3\xbc\xc3\x9f")), "1");
  CHECK_EQUAL(readFile(place.root("latin\xe9")), "raw");
}

TEST("layer: gzip, several members, zstd and no compression give the same layer") {
  const std::string bytes = Tar().file("a", std::string(3'000'000, 'a')).file("b", "b").finish();
  const size_t half = bytes.size() / 2;
  const std::string skippable("\x50\x2a\x4d\x18\x04\x00\x00\x00toc.", 12);
  for (const std::string& blob : {bytes, gzip(bytes), gzip(bytes.substr(0, half)) + gzip(bytes.substr(half)),
                                  zstd(bytes), zstd(bytes) + skippable, skippable + zstd(bytes)}) {
    const Place place;
    const UnpackResult result = place.unpack(blob);
    CHECK_EQUAL(result.diffId, sha256(bytes));
    CHECK_EQUAL(result.blobDigest, sha256(blob));
    CHECK_EQUAL(place.stat("a").st_size, 3'000'000);
    GrowingFile again{place.open(blob), blob.size(), blob.size()};
    CHECK_EQUAL(digestLayer(again).diffId, result.diffId);
  }
}

TEST("layer: whiteouts are devices and opaque directories have the attribute") {
  requireRoot();
  const Place place;
  Tar tar;
  tar.directory("d").file("d/.wh..wh..opq", "").file("d/kept", "k").file(".wh.gone", "").file("e/.wh.lost", "");
  tar.file(".wh..wh.plnk", "");
  // Of what the layer brings itself only that which lies below is hidden.
  tar.file("own", "o").file(".wh.own", "").directory("again").file("again/x", "x").file(".wh.again", "");
  tar.file(".wh.later", "").directory("later").file(".wh.file", "").file("file", "f");
  place.unpack(tar.finish());
  const auto isWhiteout = [&](const char* path) {
    const auto status = place.stat(path);
    return S_ISCHR(status.st_mode) && status.st_rdev == 0;
  };
  CHECK(isWhiteout("gone") && isWhiteout("e/lost"));
  CHECK_EQUAL(place.attribute("d", "trusted.overlay.opaque"), "y");
  CHECK_EQUAL(place.attribute("e", "trusted.overlay.opaque"), "");
  CHECK(place.has("d/kept") && !place.has("d/.wh..wh..opq") && !place.has(".wh..wh.plnk"));
  CHECK_EQUAL(readFile(place.root("own")), "o");
  CHECK(place.has("again/x"));
  CHECK_EQUAL(place.attribute("again", "trusted.overlay.opaque"), "y");
  CHECK_EQUAL(place.attribute("later", "trusted.overlay.opaque"), "y");
  CHECK_EQUAL(readFile(place.root("file")), "f");
}

TEST("layer: a later entry takes the place of an earlier one, whatever either is") {
  const Place place;
  Tar tar;
  tar.file("f", "1").directory("f").file("f/in", "2");
  tar.directory("d").file("d/in", "3").file("d", "4");
  tar.symlink("s", "d").file("s", "5");
  tar.directory("twice", 0700).file("twice/in", "6").directory("twice", 0711);
  place.unpack(tar.finish());
  CHECK_EQUAL(readFile(place.root("f/in")), "2");
  CHECK_EQUAL(readFile(place.root("d")), "4");
  CHECK(S_ISREG(place.stat("s").st_mode));
  CHECK_EQUAL(readFile(place.root("twice/in")), "6");
  CHECK_EQUAL(place.stat("twice").st_mode, mode_t{S_IFDIR | 0711});
}

TEST("layer: no path leads out of the target") {
  {
    const Place place;
    CHECK(contains(refusal(place, Tar().file("../secret", "!")), "leads out of the image"));
  }
  {
    const Place place;
    CHECK(contains(refusal(place, Tar().directory("a").file("a/../../secret", "!")), "leads out of the image"));
  }
  {
    const Place place;
    place.unpack(Tar().file(place.outside("secret"), "!").directory("a").file("a/../b", "b").finish());
    place.checkOutsideIsUntouched();
    CHECK_EQUAL(readFile(place.root(place.outside("secret"))), "!");
    CHECK_EQUAL(readFile(place.root("b")), "b");
  }
}

TEST("layer: a symlink is never a way out of the target") {
  {
    const Place place;
    // Resolved with the target as the root directory, as in the container: there is no such directory in it.
    refusal(place, Tar().symlink("up", "..").file("up/../../secret2/x", "!"));
  }
  {
    const Place place;
    place.unpack(Tar().symlink("up", "..").file("up/secret", "!").finish());
    place.checkOutsideIsUntouched();
    CHECK_EQUAL(readFile(place.root("secret")), "!");
  }
  {
    const Place place;
    const std::string parent = fs::path(place.outside("secret")).parent_path();
    CHECK(contains(refusal(place, Tar().symlink("abs", parent).file("abs/secret", "!")), "leads nowhere"));
  }
  {
    const Place place;
    place.unpack(Tar().symlink("f", place.outside("secret")).file("f", "!").finish());
    place.checkOutsideIsUntouched();
    CHECK(S_ISREG(place.stat("f").st_mode));
  }
  {
    // A directory that becomes a symlink: its mode and time, which come last, are nobody else's.
    const Place place;
    const mode_t before = fs::status(place.outside("")).permissions() == fs::perms::none ? 0 : 1;
    CHECK_EQUAL(before, mode_t{1});
    place.unpack(Tar().directory("d", 0777).symlink("d", "..").finish());
    place.checkOutsideIsUntouched();
    CHECK(S_ISLNK(place.stat("d").st_mode));
  }
}

TEST("layer: a hard link reaches nothing outside") {
  for (const char* target : {"../secret", "a/../../secret"}) {
    const Place place;
    CHECK(contains(refusal(place, Tar().hardlink("mine", target)), "leads out of the image"));
  }
  {
    const Place place;
    CHECK(contains(refusal(place, Tar().hardlink("mine", place.outside("secret"))), "which it does not have"));
  }
  {
    const Place place;
    const std::string parent = fs::path(place.outside("secret")).parent_path();
    refusal(place, Tar().symlink("up", parent).hardlink("mine", "up/secret"));
  }
  {
    // The link itself, not what it stands for.
    const Place place;
    place.unpack(Tar().symlink("s", place.outside("secret")).hardlink("mine", "s").finish());
    CHECK(S_ISLNK(place.stat("mine").st_mode));
  }
  {
    const Place place;
    CHECK(contains(refusal(place, Tar().directory("d").hardlink("mine", "d")), "to a directory"));
    const Place other;
    CHECK(contains(refusal(other, Tar().file(".wh.x", "").hardlink("mine", "x")), "which it does not have"));
  }
}

TEST("layer: what hides nothing or replaces the root is refused") {
  for (const char* name : {".wh.", ".wh..", ".wh...", "d/.wh.", "d/.wh.."}) {
    const Place place;
    CHECK(contains(refusal(place, Tar().directory("d").file(name, "")), "hides no file"));
  }
  const Place place;
  CHECK(contains(refusal(place, Tar().symlink(".", "/etc")), "as its root"));
  const Place other;
  CHECK(contains(refusal(other, Tar().file("a", "").file("a/b", "")), "no directory"));
}

TEST("layer: overlayfs's own attributes come from no archive") {
  requireRoot();
  const Place place;
  const std::vector<std::pair<std::string, std::string>> records = {
      {"SCHILY.xattr.trusted.overlay.redirect", "/etc"},
      {"SCHILY.xattr.trusted.overlay.opaque", "y"},
      {"SCHILY.xattr.user.overlay.opaque", "y"},
      {"SCHILY.xattr.trusted.mine", "kept"},
  };
  place.unpack(Tar().add({.name = "d", .type = '5', .mode = 0755, .records = records}).finish());
  CHECK_EQUAL(place.attribute("d", "trusted.overlay.redirect"), "");
  CHECK_EQUAL(place.attribute("d", "trusted.overlay.opaque"), "");
  CHECK_EQUAL(place.attribute("d", "user.overlay.opaque"), "");
  CHECK_EQUAL(place.attribute("d", "trusted.mine"), "kept");
}

TEST("layer: holes stay holes") {
  const Place place;
  const std::string map = "1\n1048576\n4\n";
  std::string data = map + std::string(512 - map.size(), '\0') + "end!";
  Tar tar;
  tar.add({.name = "GNUSparseFile.0/sparse",
           .data = data,
           .records = {{"GNU.sparse.major", "1"},
                       {"GNU.sparse.minor", "0"},
                       {"GNU.sparse.name", "sparse"},
                       {"GNU.sparse.realsize", "8388608"}}});
  const UnpackResult result = place.unpack(tar.finish());
  CHECK_EQUAL(place.stat("sparse").st_size, 8388608);
  CHECK(place.stat("sparse").st_blocks < 1024);
  CHECK_EQUAL(result.fileBytes, 4U);
  CHECK_EQUAL(readFile(place.root("sparse")).substr(1048576, 4), "end!");
}

TEST("layer: too many entries, and too little space, are refused") {
  {
    const Place place;
    Tar tar;
    for (int i = 0; i < 20; ++i) tar.file("f" + std::to_string(i), "");
    const auto error = CHECK_THROWS(InputError, place.unpack(tar.finish(), 10));
    CHECK_EQUAL(error.code(), "LIMIT");
  }
  const Place place;
  const auto error = CHECK_THROWS(InputError, place.unpack(Tar().file("f", "x").finish(), 10, UINT64_MAX));
  CHECK_EQUAL(error.code(), "NO_SPACE");
}

TEST("layer: what is damaged, cut off or no archive is refused") {
  const std::string bytes = Tar().file("a", std::string(100'000, 'a')).finish();
  const std::string packed = gzip(bytes);
  const std::string other = zstd(bytes);
  std::string flipped = packed;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x55);
  std::string checksum = packed;
  checksum[checksum.size() - 6] = static_cast<char>(checksum[checksum.size() - 6] ^ 1);
  for (const std::string& blob : {std::string("no archive at all"), std::string(4096, 'x'), packed.substr(0, 40),
                                  packed.substr(0, packed.size() - 3), packed + "garbage", flipped, checksum,
                                  other.substr(0, other.size() - 2), other + "garbage", bytes.substr(0, 50'000)}) {
    const Place place;
    const auto error = CHECK_THROWS(InputError, place.unpack(blob));
    CHECK_EQUAL(error.code(), "INVALID");
  }
}

TEST("layer: nothing is a layer too") {
  for (const std::string& bytes : {std::string(), std::string(1024, '\0'), Tar().finish()}) {
    const Place place;
    CHECK_EQUAL(place.unpack(bytes).diffId, sha256(bytes));
  }
}

TEST("layer: no garbled archive breaks anything") {
  const std::string bytes = Tar()
                                .directory("d")
                                .file("d/f", std::string(700, 'f'))
                                .symlink("d/s", "f")
                                .hardlink("d/h", "d/f")
                                .add({.name = "x", .data = "y", .records = {{"SCHILY.xattr.user.a", "b"}}})
                                .finish();
  unsigned state = 1;
  const auto random = [&state](size_t below) {
    state = state * 1664525U + 1013904223U;
    return (state >> 8U) % below;
  };
  for (int round = 0; round < 300; ++round) {
    std::string garbled = bytes;
    for (size_t i = 0; i <= random(4); ++i) garbled[random(garbled.size())] = static_cast<char>(random(256));
    const Place place;
    try {
      place.unpack(round % 2 == 0 ? garbled : gzip(garbled));
    } catch (const InputError&) {
    } catch (const SysError&) {
    }
    place.checkOutsideIsUntouched();
  }
}

TEST("layer: a blob is unpacked while it comes, and waiting for it can be given up") {
  const std::string bytes = gzip(Tar().file("a", std::string(2'000'000, 'a')).finish());
  {
    const Place place;
    GrowingFile file{place.open(bytes), bytes.size(), 0};
    std::thread writer([&] {
      for (size_t there = 0; there < bytes.size(); there += 100) file.advance(there);
      file.advance(bytes.size());
    });
    const UnpackResult result = unpackLayer(file, {place.root(), true, 10, 0});
    writer.join();
    CHECK_EQUAL(result.blobDigest, sha256(bytes));
  }
  const Place place;
  GrowingFile file{place.open(bytes), bytes.size(), bytes.size() / 2};
  std::thread canceller([&] { file.cancel(); });
  bool isCancelled = false;
  try {
    unpackLayer(file, {place.root(), true, 10, 0});
  } catch (const Cancelled&) {
    isCancelled = true;
  }
  canceller.join();
  CHECK(isCancelled);
}

TEST("layer: two unpackings of one layer are equal trees, and a changed file makes them differ") {
  const Place one;
  const Place two;
  const std::string bytes =
      Tar().directory("d").file("d/f", "one").file("left/out/g", "two").symlink("s", "d").finish();
  one.unpack(bytes);
  two.unpack(bytes);
  const std::atomic<bool> cancelled = false;
  CHECK(!compareTrees(one.root(), two.root(), cancelled));
  std::ofstream(two.root("d/f")) << "eno";
  const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  CHECK(::utimensat(AT_FDCWD, two.root("d/f").c_str(), times, 0) == 0);
  CHECK_EQUAL(compareTrees(one.root(), two.root(), cancelled).value_or(""), "/d/f");
  std::ofstream(one.root("d/f")) << "eno";
  std::ofstream(two.root("new")) << "";
  CHECK(compareTrees(one.root(), two.root(), cancelled).has_value());
}

TEST("layer: trees are compared without their holes") {
  const Place one;
  const Place two;
  const std::atomic<bool> cancelled = false;
  constexpr off_t kSize = off_t{1} << 43U;
  const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  const auto write = [&](const Place& place, off_t at, const char* bytes) {
    const UniqueFd file{::open(place.root("sparse").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
    CHECK(::ftruncate(file.get(), kSize) == 0);
    CHECK(::pwrite(file.get(), bytes, std::strlen(bytes), at) == static_cast<ssize_t>(std::strlen(bytes)));
    CHECK(::futimens(file.get(), times) == 0);
    CHECK(::utimensat(AT_FDCWD, place.root().c_str(), times, 0) == 0);
  };
  for (const off_t at : {off_t{0}, kSize / 2, kSize - 3}) {
    write(one, at, "abc");
    write(two, at, "abc");
    CHECK(!compareTrees(one.root(), two.root(), cancelled));
  }
  write(two, kSize / 2 + 1, "x");
  CHECK_EQUAL(compareTrees(one.root(), two.root(), cancelled).value_or(""), "/sparse");
  write(one, kSize / 2 + 1, "x");
  write(one, kSize / 4, "only here");
  CHECK_EQUAL(compareTrees(one.root(), two.root(), cancelled).value_or(""), "/sparse");
}
