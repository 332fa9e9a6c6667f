#include "core/list_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "core/copy_entries.h"
#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"
#include "test/unit/test.h"

using namespace tscompose;

namespace {

const std::atomic<bool> kGoOn = false;

struct Tree {
  std::string path;
  UniqueFd root;
  Tree() {
    std::string pattern = std::filesystem::temp_directory_path() / "tscompose-list-XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
    root = UniqueFd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    CHECK(root);
  }
  ~Tree() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string& name) const { return path + "/" + name; }
};

std::string listed(const Tree& tree, const std::string& path) {
  std::string text;
  for (const FoundEntry& entry : listTree(tree.root.get(), path, kGoOn)) {
    const char* const kinds = "dfo";
    text += std::string(1, kinds[static_cast<int>(entry.kind)]) + (entry.identity.second == 0 ? "" : "=") + ":" +
            entry.path + " ";
  }
  return text;
}

}  // namespace

TEST("list: a directory comes before what it holds, names sorted, links not followed") {
  Tree tree;
  std::filesystem::create_directories(tree / "d/sub");
  writeFile(tree / "d/b", "b", 0644);
  writeFile(tree / "d/sub/x", "x", 0644);
  std::filesystem::create_hard_link(tree / "d/b", tree / "d/c");
  std::filesystem::create_symlink("/etc", tree / "d/link");
  CHECK(listed(tree, "d") == "d: f=:b f=:c o:link d:sub f:sub/x ");
  CHECK(listed(tree, "d/link") == "o: ");
  CHECK(listed(tree, "d/sub/x") == "f: ");
  CHECK(listed(tree, "/d/../d/sub") == "d: f:x ");
}

TEST("list: no path leads out of the root") {
  Tree tree;
  std::filesystem::create_directories(tree / "etc");
  writeFile(tree / "etc/own", "", 0644);
  std::filesystem::create_symlink("/etc", tree / "link");
  CHECK(listed(tree, "link/.") == "d: f:own ");
  CHECK(listed(tree, "../../etc") == "d: f:own ");
}

TEST("entries: sources are inside their root while somebody swaps a directory for a link that leads out") {
  Tree outside;
  Tree tree;
  Tree target;
  writeFile(outside / "f", "outside", 0644);
  std::filesystem::create_directories(tree / "real");
  writeFile(tree / "real/f", "inside", 0644);
  std::filesystem::create_symlink(outside.path, tree / "trap");
  std::filesystem::rename(tree / "real", tree / "d");
  std::atomic<bool> done = false;
  std::thread swapper{[&] {
    while (!done) {
      /* RENAME_EXCHANGE: at every moment `d` is the directory or the link */
      ::renameat2(AT_FDCWD, (tree / "d").c_str(), AT_FDCWD, (tree / "trap").c_str(), RENAME_EXCHANGE);
    }
  }};
  int copied = 0;
  for (int turn = 0; turn < 2000; ++turn) {
    TreeEntry entry;
    entry.target = "f";
    entry.source = "d/f";
    try {
      copyEntries(target.root.get(), {entry}, tree.root.get(), kGoOn);
    } catch (const SysError&) {
      continue;
    }
    ++copied;
    CHECK(readFile(target / "f") == "inside");
  }
  done = true;
  swapper.join();
  CHECK(copied > 0);
}

TEST("entries: a FIFO in the place of a file does not hold us") {
  Tree tree;
  Tree target;
  CHECK(::mkfifo((tree / "f").c_str(), 0600) == 0);
  TreeEntry entry;
  entry.target = "f";
  entry.source = "f";
  int error = 0;
  try {
    copyEntries(target.root.get(), {entry}, tree.root.get(), kGoOn);
  } catch (const SysError& failure) {
    error = failure.error();
  }
  CHECK(error == ESTALE);
}
