#include "monitor/log_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "monitor/clock.h"
#include "monitor/json.h"

namespace tscompose {

namespace {

constexpr size_t kMaxLine = 16U << 10U;
constexpr size_t kFlushBytes = 128U << 10U;

/// Where to cut `text` at or before `limit` so that no UTF-8 character is split.
size_t cutBefore(std::string_view text, size_t limit) {
  for (size_t back = 0; back < 4 && back < limit; back++) {
    const auto byte = static_cast<unsigned char>(text[limit - back]);
    if ((byte & 0xc0U) != 0x80U) return limit - back;
  }
  return limit;
}

}  // namespace

LogWriter::LogWriter(LogSettings settings) : settings_(std::move(settings)) {
  if (settings_.driver == "none") return;
  if (!reopen(O_APPEND)) throw SysError(errno, "open", settings_.path);
}

bool LogWriter::reopen(int flags) {
  file_.reset(::open(settings_.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0640));
  struct stat status {};
  if (!file_ || ::fstat(file_.get(), &status) != 0) return false;
  sizeBytes_ = static_cast<uint64_t>(status.st_size);
  return true;
}

void LogWriter::append(OutputStream stream, std::string_view bytes) {
  if (settings_.driver == "none") return;
  stampTime();
  std::string& partial = partial_[static_cast<size_t>(stream)];
  while (!bytes.empty()) {
    const auto* newline = static_cast<const char*>(std::memchr(bytes.data(), '\n', bytes.size()));
    const size_t length = newline == nullptr ? bytes.size() : static_cast<size_t>(newline - bytes.data()) + 1;
    if (partial.empty() && newline != nullptr && length <= kMaxLine) {
      appendLine(stream, bytes.substr(0, length));
    } else {
      partial.append(bytes, 0, length);
      while (partial.size() > kMaxLine) {
        const size_t cut = cutBefore(partial, kMaxLine);
        appendLine(stream, std::string_view(partial).substr(0, cut));
        partial.erase(0, cut);
      }
      if (newline != nullptr) {
        appendLine(stream, partial);
        partial.clear();
      }
    }
    bytes.remove_prefix(length);
  }
  flush();
}

void LogWriter::finish() {
  if (settings_.driver == "none") return;
  stampTime();
  for (const OutputStream stream : {OutputStream::kStdout, OutputStream::kStderr}) {
    std::string& partial = partial_[static_cast<size_t>(stream)];
    if (!partial.empty()) appendLine(stream, partial);
    partial.clear();
  }
  isFinishing_ = true;
  flush();
  isFinishing_ = false;
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
    rotate();
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
  buffer_ += "\",\"time\":\"";
  buffer_ += time_;
  buffer_ += "\"}\n";
}

/// Writes the buffer, or counts it as lost: a half-written line is cut off again. What was lost before is said in front
/// of it, and only together with it: on a disk that stays nearly full the notices would be all that fits.
void LogWriter::flush() {
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

/// container.log → container.log.1 → …; the oldest falls off. With one file it is emptied.
void LogWriter::rotate() {
  const auto name = [&](uint32_t number) { return settings_.path + (number == 0 ? "" : "." + std::to_string(number)); };
  for (uint32_t number = settings_.maxFiles - 1; number > 0; number--) {
    ::rename(name(number - 1).c_str(), name(number).c_str());
  }
  // Failure leaves no file; the next write tries again and counts what it loses.
  reopen(O_APPEND | (settings_.maxFiles <= 1 ? O_TRUNC : 0));
}

/// One clock reading serves all lines of a read: they arrived together.
void LogWriter::stampTime() { time_ = timeNow(); }

}  // namespace tscompose
