#include "core/copy_entries.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"
#include "test/unit/test.h"

using namespace tscompose;

namespace {

using Kind = TreeEntry::Kind;

const std::atomic<bool> kGoOn = false;

struct Tree {
  std::string path;
  Tree() {
    std::string pattern = std::filesystem::temp_directory_path() / "tscompose-entries-XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Tree() { std::filesystem::remove_all(path); }

  std::string operator/(const std::string& name) const { return path + "/" + name; }
  void make(const std::vector<TreeEntry>& entries) const {
    UniqueFd root{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    CHECK(root);
    copyEntries(root.get(), entries, std::nullopt, kGoOn);
  }
  struct stat status(const std::string& name) const {
    struct stat result {};
    CHECK(::lstat((*this / name).c_str(), &result) == 0);
    return result;
  }
};

TreeEntry entry(Kind kind, const std::string& target, const std::string& source = "") {
  TreeEntry result;
  result.kind = kind;
  result.target = target;
  result.source = source;
  return result;
}

TreeEntry content(const std::string& target, const std::string& text) {
  TreeEntry result = entry(Kind::kFile, target);
  result.content = text;
  return result;
}

}  // namespace

TEST("entries: are made in their order, with the modes and times that they say") {
  Tree tree;
  TreeEntry directory = entry(Kind::kDirectory, "d");
  directory.mode = 0751;
  directory.modified = 1000;
  TreeEntry file = content("d/f", "text");
  file.mode = 0640;
  file.modified = 2000;
  tree.make({directory, file, entry(Kind::kHardLink, "d/g", "d/f")});
  CHECK(readFile(tree / "d/f") == "text");
  CHECK((tree.status("d").st_mode & 07777) == 0751);
  CHECK(tree.status("d").st_mtim.tv_sec == 1000);
  CHECK((tree.status("d/f").st_mode & 07777) == 0640);
  CHECK(tree.status("d/f").st_mtim.tv_sec == 2000);
  CHECK(tree.status("d/f").st_ino == tree.status("d/g").st_ino);
}

TEST("entries: what is no directory is replaced, and a directory that is there stays as it is") {
  Tree tree;
  TreeEntry kept = entry(Kind::kDirectory, "d");
  kept.mode = 0711;
  tree.make({kept, content("d/f", "old"), content("other", "kept")});
  CHECK(::symlink("other", (tree / "link").c_str()) == 0);
  TreeEntry again = entry(Kind::kDirectory, "d");
  again.mode = 0755;
  tree.make({again, content("d/f", "new"), content("link", "file")});
  CHECK((tree.status("d").st_mode & 07777) == 0711);
  CHECK(readFile(tree / "d/f") == "new");
  CHECK(S_ISREG(tree.status("link").st_mode));
  CHECK(readFile(tree / "other") == "kept");
}

TEST("entries: a file does not take a directory's place, nor the other way round") {
  Tree tree;
  tree.make({entry(Kind::kDirectory, "d"), content("f", "")});
  for (const TreeEntry& wrong : {content("d", ""), entry(Kind::kDirectory, "f")}) {
    bool isRefused = false;
    try {
      tree.make({wrong});
    } catch (const InputError& error) {
      isRefused = error.code() == "INVALID";
    }
    CHECK(isRefused);
  }
}

TEST("entries: a symlink on the way to an entry leads to a place in the tree") {
  Tree tree;
  Tree outside;
  tree.make({entry(Kind::kDirectory, "tmp")});
  CHECK(::symlink("/tmp", (tree / "absolute").c_str()) == 0);
  CHECK(::symlink("../../../../tmp", (tree / "up").c_str()) == 0);
  tree.make({content("absolute/tscompose-a", "a"), content("up/tscompose-b", "b")});
  CHECK(readFile(tree / "tmp/tscompose-a") == "a");
  CHECK(readFile(tree / "tmp/tscompose-b") == "b");
  CHECK(::access("/tmp/tscompose-a", F_OK) != 0);
}

TEST("entries: a copy has its source's attributes, capabilities included, unless the entry says otherwise") {
  Tree source;
  Tree tree;
  source.make({content("f", "x")});
  /* VFS_CAP_REVISION_2 with CAP_NET_RAW permitted and effective (capabilities(7)) */
  const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
  const bool isRoot = ::geteuid() == 0;
  if (isRoot) CHECK(::setxattr((source / "f").c_str(), "security.capability", capability, sizeof capability, 0) == 0);
  TreeEntry copy = entry(Kind::kFile, "f", source / "f");
  if (isRoot) copy.uid = copy.gid = 1234;
  tree.make({copy});
  CHECK(readFile(tree / "f") == "x");
  CHECK(tree.status("f").st_mtim.tv_nsec == source.status("f").st_mtim.tv_nsec);
  if (!isRoot) return;
  CHECK(tree.status("f").st_uid == 1234);
  unsigned char found[64];
  CHECK(::getxattr((tree / "f").c_str(), "security.capability", found, sizeof found) == sizeof capability);
}

TEST("entries: what is cancelled ends") {
  Tree tree;
  const std::atomic<bool> cancelled = true;
  UniqueFd root{::open(tree.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  int error = 0;
  try {
    copyEntries(root.get(), {content("f", "")}, std::nullopt, cancelled);
  } catch (const SysError& failure) {
    error = failure.error();
  }
  CHECK(error == ECANCELED);
}

TEST("entries: a file that is made at once replaces another, and who has that one open keeps it") {
  Tree tree;
  tree.make({content("f", "old"), entry(Kind::kDirectory, "d")});
  UniqueFd before{::open((tree / "f").c_str(), O_RDONLY | O_CLOEXEC)};
  TreeEntry fresh = content("f", "new");
  fresh.mode = 0600;
  fresh.atOnce = true;
  /* of one that was killed */
  tree.make({content(".tscompose-new", "half")});
  tree.make({fresh});
  CHECK(readFile(tree / "f") == "new");
  CHECK((tree.status("f").st_mode & 07777) == 0600);
  CHECK(readAll(before.get(), "f", 100) == "old");
  CHECK(!std::filesystem::exists(tree / ".tscompose-new"));
  fresh.target = "d";
  CHECK_THROWS(InputError, tree.make({fresh}));
  CHECK(!std::filesystem::exists(tree / ".tscompose-new"));
}

TEST("entries: what is removed in a root is nothing outside it") {
  Tree tree;
  Tree outside;
  outside.make({content("kept", "text")});
  tree.make({entry(Kind::kDirectory, "d"), entry(Kind::kDirectory, "d/e"), content("d/e/f", ""), content("g", "")});
  std::filesystem::create_directory_symlink(outside.path, tree / "d/away");
  std::filesystem::create_directory_symlink(outside.path, tree / "away");
  UniqueFd root{::open(tree.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  removeInRoot(root.get(), "away/kept");
  removeInRoot(root.get(), "absent/too");
  removeInRoot(root.get(), "g/below/a/file");
  removeInRoot(root.get(), "d");
  removeInRoot(root.get(), "g");
  CHECK(readFile(outside / "kept") == "text");
  CHECK(!std::filesystem::exists(tree / "d"));
  CHECK(!std::filesystem::exists(tree / "g"));
  CHECK(std::filesystem::is_symlink(tree / "away"));
  removeInRoot(root.get(), "away");
  CHECK(!std::filesystem::is_symlink(tree / "away"));
  CHECK_THROWS(InputError, removeInRoot(root.get(), "a/.."));
}
