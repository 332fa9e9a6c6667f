#include "core/process.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "core/error.h"
#include "core/fd.h"
#include "core/file.h"
#include "test/unit/pipe.h"
#include "test/unit/test.h"

using namespace tscompose;

TEST("fd: a message brings its descriptor and its text, and one that is too long brings nothing") {
  SocketPair ends = makeSocketPair(SOCK_SEQPACKET);
  Pipe pipe = makePipe();
  sendFd(ends.first.get(), pipe.write.get(), std::string_view("a\0b", 3));
  sendFd(ends.first.get(), pipe.write.get(), "too long");
  pipe.write.reset();
  FdMessage message = receiveFdMessage(ends.second.get(), 7);
  CHECK_EQUAL(message.text, std::string("a\0b", 3));
  CHECK_EQUAL(::write(message.fd.get(), "x", 1), 1);
  message.fd.reset();
  CHECK_EQUAL(CHECK_THROWS(SysError, receiveFdMessage(ends.second.get(), 7)).error(), EMSGSIZE);
  // Nobody holds the write end any more.
  CHECK_EQUAL(test::readAll(pipe.read.get()), "x");
  ends.first.reset();
  CHECK_EQUAL(CHECK_THROWS(SysError, receiveFdMessage(ends.second.get(), 7)).error(), EPIPE);
}

TEST("process: a command line is what others are shown, and may be replaced") {
  Pipe pipe = makePipe();
  const pid_t child = ::fork();
  if (child == 0) {
    setCommandLine({"first", "a much longer command line than the second one"});
    setCommandLine({"program", "--option", "with space"});
    const ArgumentArea area = argumentArea();
    const std::string shown = readFile("/proc/self/cmdline");
    const bool isSame = shown == std::string_view(area.start, area.length);
    const std::string text = isSame ? shown : "another area";
    ::_exit(::write(pipe.write.get(), text.data(), text.size()) < 0 ? 1 : 0);
  }
  pipe.write.reset();
  const std::string shown = test::readAll(pipe.read.get());
  CHECK_EQUAL(waitForChild(child), 0);
  if (shown == readFile("/proc/self/cmdline")) throw test::Skip("a kernel with CONFIG_CHECKPOINT_RESTORE");
  CHECK_EQUAL(shown, std::string("program\0--option\0with space\0", 28));
}
