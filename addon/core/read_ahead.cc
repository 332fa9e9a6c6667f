#include "core/read_ahead.h"

#include <utility>

namespace tscompose {

ReadAhead::ReadAhead(std::function<size_t(std::span<char>)> read)
    : read_(std::move(read)), blocks_(kBlocks), thread_([this] { run(); }) {}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock{mutex_};
    isAbandoned_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ReadAhead::run() {
  try {
    for (;;) {
      size_t index = 0;
      {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return isAbandoned_ || filled_ - taken_ < kBlocks; });
        if (isAbandoned_) return;
        index = filled_ % kBlocks;
      }
      Block& block = blocks_[index];
      if (!block.bytes) block.bytes = std::make_unique_for_overwrite<char[]>(kBlockBytes);
      block.size = 0;
      size_t count = 0;
      // Whole blocks: fewer wake-ups, and fewer entries that lie across two.
      while (block.size < kBlockBytes &&
             (count = read_({block.bytes.get() + block.size, kBlockBytes - block.size})) > 0) {
        block.size += count;
      }
      const std::lock_guard lock{mutex_};
      if (block.size > 0) ++filled_;
      if (count == 0) isAtEnd_ = true;
      changed_.notify_all();
      if (isAtEnd_) return;
    }
  } catch (...) {
    const std::lock_guard lock{mutex_};
    failure_ = std::current_exception();
    changed_.notify_all();
  }
}

std::span<const char> ReadAhead::next() {
  std::unique_lock lock{mutex_};
  if (isHeld_) {
    ++taken_;
    isHeld_ = false;
    changed_.notify_all();
  }
  changed_.wait(lock, [this] { return filled_ > taken_ || isAtEnd_ || failure_; });
  if (filled_ > taken_) {
    isHeld_ = true;
    const Block& block = blocks_[taken_ % kBlocks];
    return {block.bytes.get(), block.size};
  }
  if (failure_) std::rethrow_exception(failure_);
  return {};
}

}  // namespace tscompose
