// Replaces operator new of the whole program, in each of its forms: a sanitizer has its own of
// each.

#include "fault/allocations.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace spimi::testing {
namespace {

std::atomic<bool> g_counting = false;
std::atomic<std::uint64_t> g_num_calls = 0, g_num_failed = 0;
std::atomic<std::uint64_t> g_nth = 0;
std::atomic<bool> g_for_ever = false;
thread_local int t_exempt = 0;

void* allocate(std::size_t size, std::size_t alignment) {
  if (g_counting && t_exempt == 0) {
    const std::uint64_t call = ++g_num_calls;
    if (g_nth != 0 && (g_for_ever ? call >= g_nth : call == g_nth)) {
      ++g_num_failed;
      throw std::bad_alloc();
    }
  }
  if (size == 0) size = 1;
  void* const data =
      alignment <= alignof(std::max_align_t)
          ? std::malloc(size)
          : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (data == nullptr) throw std::bad_alloc();
  return data;
}

}  // namespace

FailAllocation::FailAllocation(std::uint64_t nth, bool for_ever) {
  g_num_calls = g_num_failed = 0;
  g_nth = nth;
  g_for_ever = for_ever;
  g_counting = true;
}
FailAllocation::~FailAllocation() { g_counting = false; }
std::uint64_t FailAllocation::num_calls() const { return g_num_calls; }
std::uint64_t FailAllocation::num_failed() const { return g_num_failed; }

AllocationsSucceed::AllocationsSucceed() { ++t_exempt; }
AllocationsSucceed::~AllocationsSucceed() { --t_exempt; }

}  // namespace spimi::testing

using spimi::testing::allocate;

void* operator new(std::size_t size) { return allocate(size, alignof(std::max_align_t)); }
void* operator new[](std::size_t size) { return allocate(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return allocate(size, alignof(std::max_align_t));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](std::size_t size, const std::nothrow_t& nothrow) noexcept {
  return operator new(size, nothrow);
}
void operator delete(void* data) noexcept { std::free(data); }
void operator delete[](void* data) noexcept { std::free(data); }
void operator delete(void* data, std::size_t) noexcept { std::free(data); }
void operator delete[](void* data, std::size_t) noexcept { std::free(data); }
void operator delete(void* data, std::align_val_t) noexcept { std::free(data); }
void operator delete[](void* data, std::align_val_t) noexcept { std::free(data); }
void operator delete(void* data, std::size_t, std::align_val_t) noexcept { std::free(data); }
void operator delete[](void* data, std::size_t, std::align_val_t) noexcept { std::free(data); }
void operator delete(void* data, const std::nothrow_t&) noexcept { std::free(data); }
void operator delete[](void* data, const std::nothrow_t&) noexcept { std::free(data); }
