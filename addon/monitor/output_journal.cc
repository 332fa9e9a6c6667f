#include "monitor/output_journal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace tscompose {

namespace {

constexpr uint32_t kIdle = 0;
/// A read is under way: whether it took place is told by the first bytes of the chunk.
constexpr uint32_t kReading = 1;
constexpr uint32_t kHolding = 2;
constexpr uint32_t kStateBits = 8;
constexpr size_t kMarkBytes = 16;
/// No text begins like this: the byte is in no character of UTF-8.
constexpr unsigned char kMark = 0xff;

}  // namespace

/// Of two slots one is valid, and one store makes it the other: nobody ever sees half of a change.
struct OutputJournal::Area {
  struct Slot {
    uint64_t logBytes;
    uint64_t logInode;
    uint32_t start;  ///< of what is in the chunk and not in the log
    std::array<uint32_t, 2> partialBytes;
    std::array<std::array<char, LineCutter::kMaxPiece>, 2> partials;
  };

  std::atomic<uint32_t> word;  ///< the state and the slot
  uint32_t stream;
  uint32_t length;
  std::array<char, kChunk> chunk;
  std::array<Slot, 2> slots;
};

OutputJournal::OutputJournal(const std::string& path) {
  UniqueFd file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!file) throw SysError(errno, "open", path);
  if (::ftruncate(file.get(), sizeof(Area)) != 0) throw SysError(errno, "ftruncate", path);
  // A page that the file system has no room for would be the end of us when it is written to. Where it has none, the
  // monitor works as ever, and only a kill can lose what it is just reading. Not every file system can reserve.
  if (::fallocate(file.get(), 0, 0, sizeof(Area)) != 0 && errno != EOPNOTSUPP) file.reset();
  const int flags = file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
  void* memory = ::mmap(nullptr, sizeof(Area), PROT_READ | PROT_WRITE, flags, file.get(), 0);
  if (memory == MAP_FAILED) throw SysError(errno, "mmap", path);
  area_ = static_cast<Area*>(memory);
}

OutputJournal::~OutputJournal() { ::munmap(area_, sizeof(Area)); }

uint32_t OutputJournal::slot() const { return area_->word.load() >> kStateBits & 1U; }

std::optional<std::string_view> OutputJournal::read(int pipe, OutputStream stream) {
  int available = 0;
  if (::ioctl(pipe, FIONREAD, &available) != 0) return std::nullopt;
  if (available == 0) {
    pollfd poll{pipe, POLLIN, 0};
    if (::poll(&poll, 1, 0) <= 0 || (poll.revents & POLLIN) != 0) return std::string_view();
    return std::nullopt;
  }
  // As much as is there for certain: then the length is known before, and what was read also when we are killed.
  const auto wanted = std::min(static_cast<size_t>(available), kChunk);
  area_->stream = static_cast<uint32_t>(stream);
  area_->length = static_cast<uint32_t>(wanted);
  std::memset(area_->chunk.data(), kMark, std::min(wanted, kMarkBytes));
  const uint32_t current = slot() << kStateBits;
  area_->slots[slot()].start = 0;
  area_->word.store(kReading | current);
  ssize_t count = 0;
  do count = ::read(pipe, area_->chunk.data(), wanted);
  while (count < 0 && errno == EINTR);
  if (count <= 0) {
    const bool isEmpty = count < 0 && errno == EAGAIN;
    area_->word.store(kIdle | current);
    if (isEmpty) return std::string_view();
    return std::nullopt;
  }
  area_->length = static_cast<uint32_t>(count);
  area_->word.store(kHolding | current);
  return std::string_view(area_->chunk.data(), static_cast<size_t>(count));
}

void OutputJournal::settle(const Settled& settled) { store(kIdle, 0, settled); }

void OutputJournal::settleBefore(std::string_view piece, const Settled& settled) {
  const uint32_t state = area_->word.load() & ((1U << kStateBits) - 1);
  const char* const begin = area_->chunk.data();
  // A piece that began in an earlier chunk is a partial line, which is not in the log.
  const bool isInChunk = piece.data() >= begin && piece.data() < begin + area_->length;
  if (isInChunk) {
    store(state, static_cast<uint32_t>(piece.data() - begin), settled);
  } else {
    // By now the chunk's bytes are part of it: as it was before, and from where the chunk was not used.
    Settled before = leftover().settled;
    before.logBytes = settled.logBytes;
    before.logInode = settled.logInode;
    store(state, area_->slots[slot()].start, before);
  }
}

void OutputJournal::store(uint32_t state, uint32_t start, const Settled& settled) {
  const uint32_t next = 1 - slot();
  Area::Slot& target = area_->slots[next];
  target.logBytes = settled.logBytes;
  target.logInode = settled.logInode;
  target.start = start;
  for (size_t stream = 0; stream < target.partials.size(); stream++) {
    const std::string_view text = settled.partials[stream].substr(0, LineCutter::kMaxPiece);
    text.copy(target.partials[stream].data(), text.size());
    target.partialBytes[stream] = static_cast<uint32_t>(text.size());
  }
  area_->word.store(state | next << kStateBits);
}

OutputJournal::Leftover OutputJournal::leftover() const {
  const Area::Slot& valid = area_->slots[slot()];
  Leftover result;
  result.settled = {valid.logBytes, valid.logInode, {}};
  for (size_t stream = 0; stream < valid.partials.size(); stream++) {
    const size_t length = std::min<size_t>(valid.partialBytes[stream], LineCutter::kMaxPiece);
    result.settled.partials[stream] = {valid.partials[stream].data(), length};
  }
  result.stream = area_->stream == 0 ? OutputStream::kStdout : OutputStream::kStderr;
  const uint32_t state = area_->word.load() & ((1U << kStateBits) - 1);
  const std::string_view chunk(area_->chunk.data(), std::min<size_t>(area_->length, kChunk));
  const std::string_view first = chunk.substr(0, kMarkBytes);
  const bool isUnread = first.find_first_not_of(static_cast<char>(kMark)) == std::string_view::npos;
  if (state == kHolding || (state == kReading && !isUnread))
    result.chunk = chunk.substr(std::min<size_t>(valid.start, chunk.size()));
  return result;
}

void OutputJournal::clear() { store(kIdle, 0, {}); }

}  // namespace tscompose
