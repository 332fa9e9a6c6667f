#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace tscompose {

/// Reads ahead on a thread of its own, a few blocks at most: the one side decompresses while the other unpacks.
class ReadAhead {
 public:
  /// `read` fills a block and says how much of it, 0 at the end; it runs on that thread, and what it throws is thrown
  /// by next().
  explicit ReadAhead(std::function<size_t(std::span<char>)> read);
  /// Waits until `read` returns: whoever destroys this early has made it return.
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  /// The next block, valid until the next call; empty at the end.
  std::span<const char> next();

 private:
  void run();

  static constexpr size_t kBlocks = 4;
  static constexpr size_t kBlockBytes = 1U << 20U;
  struct Block {
    /// Not filled with anything: of a small layer's, most is never touched.
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };

  std::function<size_t(std::span<char>)> read_;
  std::vector<Block> blocks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t filled_ = 0;  ///< blocks that were filled, ever
  size_t taken_ = 0;   ///< and those that are free again
  bool isHeld_ = false;
  bool isAtEnd_ = false;
  bool isAbandoned_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace tscompose
