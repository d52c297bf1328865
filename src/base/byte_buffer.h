#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "base/system_calls.h"

namespace spimi {

/// Bytes that are appended and then taken away all at once. Unlike a vector's, new bytes are not
/// cleared before they are written. The memory is the kernel's, not the heap's: it grows by moving
/// pages instead of bytes, and what is freed is free, where a heap of some threads' growing buffers
/// keeps holes as large as they were.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  ~ByteBuffer() {
    if (data_ != nullptr) (void)os::unmap(data_, capacity_);
  }
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;

  const std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }
  /// The memory it holds.
  std::size_t capacity() const { return capacity_; }
  void clear() { size_ = 0; }

  /// Room for `size` bytes behind the end; valid until the next call of reserve.
  std::uint8_t* reserve(std::size_t size) {
    if (capacity_ - size_ < size) grow(size);
    return data_ + size_;
  }
  /// Makes what was written up to `end` part of the buffer; returns its size.
  std::size_t commit(const std::uint8_t* end) {
    const auto size = static_cast<std::size_t>(end - data_) - size_;
    size_ += size;
    return size;
  }
  void append(const void* bytes, std::size_t size) {
    if (size == 0) return;  // either pointer may be null then, which memcpy does not allow
    std::memcpy(reserve(size), bytes, size);
    size_ += size;
  }

 private:
  void grow(std::size_t size) {
    // A quarter more each time, in whole pages.
    constexpr std::size_t kPages = std::size_t{16} << 10;
    const std::size_t capacity = (size_ + size + capacity_ / 4 + kPages - 1) / kPages * kPages;
    void* const data =
        data_ == nullptr ? os::map_memory(capacity) : os::resize_memory(data_, capacity_, capacity);
    if (data == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<std::uint8_t*>(data);
    capacity_ = capacity;
  }

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace spimi
