#pragma once

#include <cstddef>
#include <type_traits>

namespace spimi {

/// Zeroed memory straight from the kernel, in huge pages where it can be had; Error(kIo) when there
/// is none.
void* allocate_region(std::size_t bytes);
void free_region(void* data, std::size_t bytes) noexcept;

/// A fixed array in memory of its own: what the memory budget is handed out in. Pages that are
/// never touched cost nothing; all of it goes back to the system with the object, which the heap
/// does not promise.
template <class T>
class Region {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Region() = default;
  explicit Region(std::size_t size)
      : data_(static_cast<T*>(allocate_region(size * sizeof(T)))), size_(size) {}
  Region(Region&& other) noexcept : data_(other.data_), size_(other.size_) {
    other.data_ = nullptr;
    other.size_ = 0;
  }
  Region& operator=(Region&& other) noexcept {
    if (this != &other) {
      free_region(data_, size_ * sizeof(T));
      data_ = other.data_;
      size_ = other.size_;
      other.data_ = nullptr;
      other.size_ = 0;
    }
    return *this;
  }
  ~Region() { free_region(data_, size_ * sizeof(T)); }

  T* data() const { return data_; }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace spimi
