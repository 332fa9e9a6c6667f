#include "monitor/log_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/daemon.h"
#include "core/error.h"
#include "monitor/clock.h"
#include "monitor/json.h"

namespace tscompose {

namespace {

constexpr size_t kFlushBytes = 128U << 10U;
constexpr const char* kCompressed = ".gz";

}  // namespace

LogWriter::LogWriter(LogSettings settings, LogForwarder* forwarder, OutputJournal* journal)
    : settings_(std::move(settings)), forwarder_(forwarder), journal_(journal) {
  if (isFileKept() && !reopen(O_APPEND)) throw SysError(errno, "open", settings_.path);
}

LogWriter::~LogWriter() = default;

bool LogWriter::reopen(int flags) {
  file_.reset(::open(settings_.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0640));
  struct stat status {};
  if (!file_ || ::fstat(file_.get(), &status) != 0) return false;
  sizeBytes_ = static_cast<uint64_t>(status.st_size);
  inode_ = status.st_ino;
  return true;
}

void LogWriter::append(OutputStream stream, std::string_view bytes) {
  if (!isFileKept() && forwarder_ == nullptr) return;
  stampTime();
  cutter_.push(stream, bytes, [this](OutputStream from, std::string_view piece) { take(from, piece); });
  flush();
  if (journal_ != nullptr) journal_->settle(settled());
}

void LogWriter::recover() {
  if (journal_ == nullptr || (!isFileKept() && forwarder_ == nullptr)) return;
  const OutputJournal::Leftover left = journal_->leftover();
  for (const OutputStream stream : {OutputStream::kStdout, OutputStream::kStderr})
    cutter_.restore(stream, left.settled.partials[static_cast<size_t>(stream)]);
  if (left.chunk.empty()) {
    mend();
    return;
  }
  // As far as it was written already, it is written again.
  struct stat rotated {};
  if (file_ && inode_ == left.settled.logInode && sizeBytes_ >= left.settled.logBytes) {
    if (::ftruncate(file_.get(), static_cast<off_t>(left.settled.logBytes)) == 0) sizeBytes_ = left.settled.logBytes;
  } else if (isFileKept() && ::stat(name(1).c_str(), &rotated) == 0 && rotated.st_ino == left.settled.logInode &&
             static_cast<uint64_t>(rotated.st_size) > left.settled.logBytes) {
    // Killed between the rename and the next file. Where it cannot be cut, lines are there twice: better than never.
    std::error_code ignored;
    std::filesystem::resize_file(name(1), left.settled.logBytes, ignored);
  }
  mend();
  append(left.stream, left.chunk);
}

OutputJournal::Settled LogWriter::settled() const {
  return {sizeBytes_, inode_, {cutter_.partial(OutputStream::kStdout), cutter_.partial(OutputStream::kStderr)}};
}

void LogWriter::finish() {
  if (!isFileKept() && forwarder_ == nullptr) return;
  stampTime();
  isFinishing_ = true;
  cutter_.finish([this](OutputStream from, std::string_view piece) { take(from, piece); });
  flush();
  isFinishing_ = false;
  if (journal_ != nullptr) journal_->settle(settled());
}

void LogWriter::take(OutputStream stream, std::string_view piece) {
  // What a process that ended left without a newline is no cut line.
  if (forwarder_ != nullptr) forwarder_->push(stream, now_, piece, !piece.ends_with('\n') && !isFinishing_);
  if (isFileKept()) appendLine(stream, piece);
}

void LogWriter::sync() {
  if (file_) ::fdatasync(file_.get());
}

uint64_t LogWriter::takeReportedLoss() { return std::exchange(reportedLoss_, 0); }

void LogWriter::appendLine(OutputStream stream, std::string_view line) {
  const size_t before = buffer_.size();
  formatLine(stream == OutputStream::kStdout ? "stdout" : "stderr", line);
  if (settings_.maxSizeBytes > 0 && sizeBytes_ + buffer_.size() > settings_.maxSizeBytes && sizeBytes_ + before > 0) {
    // This line begins the next file.
    std::string next = buffer_.substr(before);
    buffer_.resize(before);
    flush();
    rotate(line);
    buffer_ = std::move(next);
  }
  bufferedRaw_ += line.size();
  if (buffer_.size() >= kFlushBytes) flush();
}

void LogWriter::formatLine(const char* stream, std::string_view line) {
  buffer_ += "{\"log\":\"";
  appendEscaped(buffer_, line);
  buffer_ += "\",\"stream\":\"";
  buffer_ += stream;
  buffer_ += '"';
  if (!settings_.attributes.empty()) {
    buffer_ += ",\"attrs\":";
    buffer_ += settings_.attributes;
  }
  buffer_ += ",\"time\":\"";
  buffer_ += time_;
  buffer_ += "\"}\n";
}

/// Writes the buffer, or counts it as lost: a half-written line is cut off again. What was lost before is said in front
/// of it, and only together with it: on a disk that stays nearly full the notices would be all that fits.
void LogWriter::flush() {
  if (forwarder_ != nullptr) forwarder_->flush();
  if (!isFileKept()) return;
  const uint64_t reported = lostBytes_;
  if (lostBytes_ > 0 && (!buffer_.empty() || isFinishing_)) {
    const std::string waiting = std::exchange(buffer_, {});
    formatLine("stderr",
               "tscompose: " + std::to_string(lostBytes_) + " bytes of output are missing here: the disk was full\n");
    buffer_ += waiting;
  }
  if (!file_ && !buffer_.empty()) reopen(O_APPEND);
  size_t written = 0;
  while (written < buffer_.size()) {
    const ssize_t count = file_ ? ::write(file_.get(), buffer_.data() + written, buffer_.size() - written) : -1;
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    written += static_cast<size_t>(count);
  }
  if (written < buffer_.size()) {
    if (file_ && ::ftruncate(file_.get(), static_cast<off_t>(sizeBytes_)) != 0) sizeBytes_ += written;
    lostBytes_ += bufferedRaw_;
  } else if (written > 0) {
    sizeBytes_ += written;
    reportedLoss_ += reported;
    lostBytes_ = 0;
  }
  buffer_.clear();
  bufferedRaw_ = 0;
}

/// container.log → container.log.1 → … up to the first number that is free; the oldest falls off. A reader that has the
/// file open reads it to its end, so it is never emptied: with one file alone another takes its place.
void LogWriter::rotate(std::string_view next) {
  const UniqueFd names = holdNames();
  if (settings_.maxFiles <= 1) {
    ::unlink(settings_.path.c_str());
  } else {
    uint32_t free = 1;
    while (free < settings_.maxFiles - 1 && isThere(free)) free++;
    ::unlink(name(free).c_str());
    ::unlink((name(free) + kCompressed).c_str());
    for (uint32_t number = free; number > 1; number--) {
      ::rename(name(number - 1).c_str(), name(number).c_str());
      ::rename((name(number - 1) + kCompressed).c_str(), (name(number) + kCompressed).c_str());
    }
    ::rename(settings_.path.c_str(), name(1).c_str());
  }
  // Failure leaves no file; the next write tries again and counts what it loses.
  reopen(O_APPEND);
  if (journal_ != nullptr) journal_->settleBefore(next, settled());
  if (settings_.isCompressed && settings_.maxFiles > 1) compress();
}

/// A monitor that was killed while it rotated left a number without a file, where readers would stop.
void LogWriter::mend() {
  if (!isFileKept()) return;
  uint32_t missing = 1;
  while (missing < settings_.maxFiles && isThere(missing)) missing++;
  if (missing + 1 < settings_.maxFiles && isThere(missing + 1)) rotate({});
}

std::string LogWriter::name(uint32_t number) const { return settings_.path + "." + std::to_string(number); }

bool LogWriter::isThere(uint32_t number) const {
  const std::string path = name(number);
  return ::access(path.c_str(), F_OK) == 0 || ::access((path + kCompressed).c_str(), F_OK) == 0;
}

/// A helper does it, so that the output of the container need not wait.
void LogWriter::compress() {
  try {
    DaemonOptions options;
    options.file = settings_.helper;
    options.arguments = {"compress", settings_.path + ".1", "{fd}"};
    compression_ = spawnDetached(options);
  } catch (const SysError&) {
    // It stays as it is, and is read as well.
  }
}

/// Names must not change under the one who compresses: it ends first, as the pipe tells. One that a monitor began which
/// was killed has the youngest file locked; one that comes later finds it locked, and its name given to another.
UniqueFd LogWriter::holdNames() {
  char ignored = 0;
  while (compression_ && ::read(compression_.get(), &ignored, 1) < 0 && errno == EINTR) continue;
  compression_.reset();
  if (!settings_.isCompressed) return {};
  UniqueFd youngest{::open(name(1).c_str(), O_RDONLY | O_CLOEXEC)};
  while (youngest && ::flock(youngest.get(), LOCK_EX) != 0 && errno == EINTR) continue;
  return youngest;
}

/// One clock reading serves all lines of a read: they arrived together.
void LogWriter::stampTime() {
  ::clock_gettime(CLOCK_REALTIME, &now_);
  time_ = formatTime(now_);
}

}  // namespace tscompose
