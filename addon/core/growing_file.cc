#include "core/growing_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/error.h"

namespace tscompose {

GrowingFile::GrowingFile(UniqueFd fd, uint64_t total, uint64_t available)
    : fd_(std::move(fd)), total_(total), available_(available) {}

void GrowingFile::advance(uint64_t available) {
  {
    const std::lock_guard lock{mutex_};
    available_ = available;
  }
  changed_.notify_all();
}

void GrowingFile::cancel() {
  {
    const std::lock_guard lock{mutex_};
    isCancelled_ = true;
  }
  changed_.notify_all();
}

bool GrowingFile::isCancelled() const {
  const std::lock_guard lock{mutex_};
  return isCancelled_;
}

void GrowingFile::throwIfCancelled() const {
  if (isCancelled()) throw Cancelled{};
}

void GrowingFile::startWriteback(uint64_t offset, uint64_t count) {
  constexpr uint64_t kStep = 4U << 20U;
  if (offset + count < writtenBack_ + kStep) return;
  /* Only a hint: nobody waits, and a file system that cannot says so (sync_file_range(2)) */
  (void)::sync_file_range(fd_.get(), static_cast<off_t>(writtenBack_),
                          static_cast<off_t>(offset + count - writtenBack_), SYNC_FILE_RANGE_WRITE);
  // What was read is not read again soon, and the files it becomes need the memory: pages on the disk by now are given
  // back.
  (void)::posix_fadvise(fd_.get(), 0, static_cast<off_t>(writtenBack_), POSIX_FADV_DONTNEED);
  writtenBack_ = offset + count;
}

size_t GrowingFile::read(std::span<char> buffer) {
  if (position_ >= total_) return 0;
  uint64_t available = 0;
  {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return isCancelled_ || available_ > position_; });
    if (isCancelled_) throw Cancelled{};
    available = std::min(available_, total_);
  }
  const size_t wanted = std::min<uint64_t>(buffer.size(), available - position_);
  for (;;) {
    const ssize_t count = ::pread(fd_.get(), buffer.data(), wanted, static_cast<off_t>(position_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SysError(errno, "read", "blob");
    if (count == 0) throw SysError(EIO, "read", "blob");
    startWriteback(position_, static_cast<uint64_t>(count));
    position_ += static_cast<uint64_t>(count);
    return static_cast<size_t>(count);
  }
}

}  // namespace tscompose
