#include "base/background_sync.h"

#include <algorithm>
#include <utility>

namespace spimi {

void BackgroundSync::request(File& file) {
  {
    const std::lock_guard lock(mutex_);
    if (std::find(wanted_.begin(), wanted_.end(), &file) == wanted_.end()) {
      wanted_.push_back(&file);
    }
  }
  wake_.notify_one();
  if (thread_.joinable()) return;
  try {
    thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
  } catch (const std::exception&) {
    // Then the syncs at the end do all the work.
  }
}

void BackgroundSync::finish() {
  stop();
  if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void BackgroundSync::stop() {
  {
    const std::lock_guard lock(mutex_);
    wanted_.clear();
  }
  thread_ = std::jthread();
}

void BackgroundSync::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return !wanted_.empty(); })) {
    File* const file = wanted_.front();
    wanted_.erase(wanted_.begin());
    lock.unlock();
    std::exception_ptr failure;
    try {
      file->sync();
    } catch (const std::exception&) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure != nullptr && failure_ == nullptr) failure_ = std::move(failure);
  }
}

}  // namespace spimi
