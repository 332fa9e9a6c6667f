/// Options, users, filters and process helpers that need no container, and hooks.

#include "core/launch.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "core/capabilities.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hooks.h"
#include "core/mounts.h"
#include "core/namespaces.h"
#include "core/process.h"
#include "core/seccomp.h"
#include "core/users.h"
#include "test/unit/test.h"

using namespace tscompose;

namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = "/tmp/tscompose-unit-XXXXXX";
    CHECK(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~TemporaryDirectory() { removeTree(path); }
  std::string path;
};

class UserFiles : public TemporaryDirectory {
 public:
  UserFiles() {
    makeDirectories(path + "/etc", 0755);
    replaceFile(path + "/etc/passwd",
                "root:x:0:0:root:/root:/bin/sh\nbroken\nweb:x:33:44:web:/srv/web:/bin/sh\n1000:x:7:7::/seven:/bin/sh\n",
                0644);
    replaceFile(path + "/etc/group", "root:x:0:\nwww:x:44:\nadm:x:4:web,root\nlog:x:5:web\n", 0644);
    fd = openDirectory(path);
  }
  UniqueFd fd;
};

std::string codeOf(const std::function<void()>& run) {
  try {
    run();
  } catch (const InputError& error) {
    return error.code();
  }
  return "";
}

}  // namespace

TEST("users: a name brings its groups and home") {
  UserFiles root;
  auto user = resolveUser(root.fd.get(), "web", {});
  CHECK_EQUAL(user.uid, 33U);
  CHECK_EQUAL(user.gid, 44U);
  CHECK_EQUAL(user.groups.size(), 2U);
  CHECK_EQUAL(user.home, "/srv/web");
}

TEST("users: a given group replaces the user's own; group_add adds") {
  UserFiles root;
  auto user = resolveUser(root.fd.get(), "web:adm", {"log", "77"});
  CHECK_EQUAL(user.gid, 4U);
  CHECK_EQUAL(user.groups.size(), 2U);
  CHECK_EQUAL(user.groups.at(1), 77U);
}

TEST("users: a number needs no entry, a name that looks like one wins") {
  UserFiles root;
  CHECK_EQUAL(resolveUser(root.fd.get(), "555:666", {}).gid, 666U);
  CHECK_EQUAL(resolveUser(root.fd.get(), "1000", {}).uid, 7U);
  CHECK_EQUAL(findHome(root.fd.get(), 33), "/srv/web");
  CHECK_EQUAL(findHome(root.fd.get(), 12345), "/");
}

TEST("users: an unknown name is USER_NOT_FOUND in Docker's words") {
  UserFiles root;
  auto error = CHECK_THROWS(InputError, resolveUser(root.fd.get(), "nobody9", {}));
  CHECK_EQUAL(error.code(), "USER_NOT_FOUND");
  CHECK_EQUAL(std::string{error.what()}, "unable to find user nobody9: no matching entries in passwd file");
}

TEST("users: a FIFO or a symlink out of the root in the place of passwd does no harm") {
  UserFiles root;
  ::unlink((root.path + "/etc/passwd").c_str());
  CHECK(::mkfifo((root.path + "/etc/passwd").c_str(), 0644) == 0);
  CHECK_EQUAL(codeOf([&] { resolveUser(root.fd.get(), "web", {}); }), "INVALID");
  ::unlink((root.path + "/etc/passwd").c_str());
  CHECK(::symlink("../../../../../../etc/passwd", (root.path + "/etc/passwd").c_str()) == 0);
  auto error = CHECK_THROWS(SysError, resolveUser(root.fd.get(), "daemon", {}));
  CHECK_EQUAL(error.code(), "ELOOP");
}

TEST("mounts: options are sorted by what they set") {
  auto options = parseMountOptions({"rbind", "ro", "nosuid", "rnoexec", "rslave", "size=64k", "tmpcopyup", "defaults"});
  CHECK(options.bind && options.recursiveBind && options.copyUp);
  CHECK(options.attributes.attr_set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID));
  CHECK(options.recursive.attr_set == MOUNT_ATTR_NOEXEC);
  CHECK(options.propagation == MS_SLAVE && options.propagationRecursive);
  CHECK_EQUAL(options.parameters.size(), 1U);
  CHECK_EQUAL(options.parameters.at(0).second, "64k");
}

TEST("mounts: the last of two opposite options wins") {
  auto readWrite = parseMountOptions({"ro", "rw"});
  CHECK(readWrite.attributes.attr_set == 0 && readWrite.attributes.attr_clr == MOUNT_ATTR_RDONLY);
  auto readOnly = parseMountOptions({"rw", "ro"});
  CHECK(readOnly.attributes.attr_set == MOUNT_ATTR_RDONLY && readOnly.attributes.attr_clr == 0);
  auto strict = parseMountOptions({"noatime", "strictatime"});
  CHECK(strict.attributes.attr_set == MOUNT_ATTR_STRICTATIME && strict.attributes.attr_clr == MOUNT_ATTR__ATIME);
}

TEST("capabilities: names become masks, unknown ones warnings") {
  std::vector<std::string> warnings;
  auto masks = resolveCapabilities({{"CAP_CHOWN", "CAP_SYS_ADMIN"}, {"CAP_CHOWN"}, {}, {"CAP_NOSUCH"}, {}}, warnings);
  CHECK_EQUAL(masks.bounding, (uint64_t{1} << 21) | 1U);
  CHECK_EQUAL(masks.effective, 1U);
  CHECK_EQUAL(warnings.size(), 1U);
}

TEST("seccomp: a cached filter is the compiled one, and a forged entry is not used") {
  TemporaryDirectory directory;
  auto cache = directory.path + "/cache";
  Seccomp seccomp;
  seccomp.defaultAction = "SCMP_ACT_ERRNO";
  seccomp.architectures = {"SCMP_ARCH_X86_64"};
  seccomp.syscalls = {{{"read", "write", "fchmodat2"}, "SCMP_ACT_ALLOW", {}, {}}};
  auto plain = compileSeccomp(seccomp, "");
  auto first = compileSeccomp(seccomp, cache);
  auto second = compileSeccomp(seccomp, cache);
  auto same = [&](const SeccompProgram& other) {
    return other.instructions.size() == plain.instructions.size() &&
           std::equal(plain.instructions.begin(), plain.instructions.end(), other.instructions.begin(),
                      [](const sock_filter& a, const sock_filter& b) { return a.code == b.code && a.k == b.k; });
  };
  CHECK(same(first) && same(second));
  CHECK(::chmod(cache.c_str(), 0777) == 0);
  CHECK(same(compileSeccomp(seccomp, cache)));
  seccomp.syscalls.at(0).names.pop_back();
  CHECK(!same(compileSeccomp(seccomp, cache)));
}

TEST("seccomp: what cannot be honoured is refused") {
  Seccomp seccomp;
  seccomp.defaultAction = "SCMP_ACT_NOTIFY";
  CHECK_EQUAL(codeOf([&] { compileSeccomp(seccomp, ""); }), "UNSUPPORTED");
  seccomp.defaultAction = "SCMP_ACT_NOPE";
  CHECK_EQUAL(codeOf([&] { compileSeccomp(seccomp, ""); }), "INVALID");
}

TEST("process: a pid with another start time is another process") {
  auto status = readProcessStatus(::getpid());
  CHECK(status.has_value());
  CHECK(openPidfd(ProcessIdentity{::getpid(), status->startTicks}).has_value());
  CHECK(!openPidfd(ProcessIdentity{::getpid(), status->startTicks + 1}).has_value());
  CHECK(!openPidfd(ProcessIdentity{}).has_value());
}

TEST("process: signals by name and number") {
  CHECK_EQUAL(parseSignal("SIGTERM"), SIGTERM);
  CHECK_EQUAL(parseSignal("HUP"), SIGHUP);
  CHECK_EQUAL(parseSignal("9"), 9);
  CHECK_EQUAL(parseSignal("SIGRTMIN+3"), SIGRTMIN + 3);
  CHECK_EQUAL(codeOf([] { parseSignal("SIGNOPE"); }), "INVALID");
}

TEST("file: a replaced file is whole and leaves nothing beside it") {
  TemporaryDirectory directory;
  replaceFile(directory.path + "/a", "one", 0640);
  replaceFile(directory.path + "/a", "two", 0640);
  CHECK_EQUAL(readFile(directory.path + "/a"), "two");
  removeTree(directory.path + "/absent");
}

TEST("hooks: state on stdin, failure and timeout told") {
  TemporaryDirectory directory;
  Hook write{"/bin/sh", {"sh", "-c", "cat > " + directory.path + "/state"}, {}, {}};
  CHECK(!runHooks({write}, "prestart", "{\"id\":1}", std::nullopt, 0));
  CHECK_EQUAL(readFile(directory.path + "/state"), "{\"id\":1}");
  auto failed = runHooks({{"/bin/sh", {"sh", "-c", "echo why >&2; exit 3"}, {}, {}}}, "prestart", "", std::nullopt, 0);
  CHECK_EQUAL(*failed, "prestart hook /bin/sh: exit status 3: why");
  auto late = runHooks({{"/bin/sleep", {"sleep", "60"}, {}, 1}}, "poststop", "", std::nullopt, 0);
  CHECK_EQUAL(*late, "poststop hook /bin/sleep: timed out after 1 s");
  auto missing = runHooks({{"/no/such", {}, {}, {}}}, "poststop", "", std::nullopt, 0);
  CHECK_EQUAL(*missing, "poststop hook /no/such: No such file or directory");
}

TEST("launch: a container starts, is joined, and leaves nothing") {
  if (::geteuid() != 0) throw tscompose::test::Skip{"needs root"};
  TemporaryDirectory bundle;
  makeDirectories(bundle.path + "/rootfs", 0755);
  auto spec = parseSpec(R"({"ociVersion":"1.2.0","root":{"path":"/","readonly":true},
    "process":{"cwd":"/","args":["sleep","60"],"env":["PATH=/bin:/usr/bin"]},
    "mounts":[{"destination":"/proc","type":"proc","source":"proc"}],
    "linux":{"namespaces":[{"type":"mount"},{"type":"pid"},{"type":"ipc"},{"type":"uts"}]}})");
  spec.root.path = bundle.path + "/rootfs";
  spec.overlay = Overlay{{"/"}, "", ""}; /* the caller's own userland, read-only */
  spec.linux_.cgroupsPath = bundle.path.substr(4);
  UniqueFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  Stdio stdio{null.get(), null.get(), null.get(), false, 0};
  pid_t pid = 0;
  {
    auto created = create(spec, "unit", bundle.path, stdio);
    created.start();
    pid = created.pid();
    auto process = *spec.process;
    process.args = {"sh", "-c", "test \"$(cat /proc/1/comm)\" = sleep"};
    auto joined = execIn(pid, spec, process, created.cgroup(), stdio, false);
    CHECK_EQUAL(exitCodeOf(waitForChild(joined.pid)), 0);
    process.args = {"no-such-command"};
    auto error = CHECK_THROWS(LaunchError, execIn(pid, spec, process, created.cgroup(), stdio, false));
    CHECK_EQUAL(error.code(), "COMMAND_NOT_FOUND");
    CHECK_EQUAL(error.exitCode(), 127);
    created.cgroup().kill();
    waitForChild(pid);
    created.cgroup().remove();
  }
  CHECK(!Cgroup::open(spec.linux_.cgroupsPath).exists());
  spec.process->args = {"no-such-command"};
  auto error = CHECK_THROWS(LaunchError, create(spec, "unit", bundle.path, stdio));
  CHECK_EQUAL(error.code(), "COMMAND_NOT_FOUND");
  CHECK(!Cgroup::open(spec.linux_.cgroupsPath).exists());
}
