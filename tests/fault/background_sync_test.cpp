// What is synced while it is written, and that no failure of such a sync is lost: the kernel tells
// it once, so the sync at the end would succeed.

#include "base/background_sync.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fault/faulty_system_calls.h"
#include "format/segment_writer.h"
#include "spimi/error.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

// Notes down the syncs. The first may fail, all may take a while, and none ends while they are
// held.
class Syncs : public SystemCallRule {
 public:
  explicit Syncs(int first_error = 0, std::chrono::milliseconds time = {})
      : first_error_(first_error), time_(time) {}
  int fail(const SystemCall& call) override {
    if (call.kind != CallKind::kSync) return 0;
    std::this_thread::sleep_for(time_);
    std::unique_lock lock(mutex_);
    paths_.push_back(call.path);
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    return paths_.size() == 1 ? first_error_ : 0;
  }
  void hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return paths_.size();
  }
  // The paths of the first `size` syncs, once there are so many.
  std::vector<std::string> wait_for(std::size_t size) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return paths_.size() >= size; });
    return {paths_.begin(), paths_.begin() + static_cast<std::ptrdiff_t>(size)};
  }

 private:
  const int first_error_;
  const std::chrono::milliseconds time_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> paths_;
  bool held_ = false;
};

class BackgroundSyncTest : public ::testing::Test {
 protected:
  std::optional<Error> error_of(const std::function<void()>& function) {
    try {
      function();
      return std::nullopt;
    } catch (const Error& error) {
      return error;
    }
  }

  // A segment of which enough is written for a sync.
  void write_lists(SegmentWriter* segment) {
    segment->finish_documents();
    ListBytes lists;
    const std::vector<std::uint8_t> bytes(std::size_t{9} << 20, 1);
    lists.postings.append(bytes.data(), bytes.size());
    segment->append_lists(lists);
  }

  TemporaryDirectory directory_{TemporaryDirectory::memory_base()};
};

TEST_F(BackgroundSyncTest, SyncsWhatItIsAskedFor) {
  File a = File::create(directory_.path("a")), b = File::create(directory_.path("b"));
  Syncs syncs;
  const UseRule use(syncs);
  BackgroundSync background;
  background.request(a);
  EXPECT_EQ(syncs.wait_for(1).back(), a.path());
  background.request(b);
  EXPECT_EQ(syncs.wait_for(2).back(), b.path());
  background.request(a);
  EXPECT_EQ(syncs.wait_for(3).back(), a.path());
  background.finish();
}

TEST_F(BackgroundSyncTest, TellsOfAFailure) {
  File file = File::create(directory_.path("file"));
  Syncs syncs(EIO);
  const UseRule use(syncs);
  BackgroundSync background;
  background.request(file);
  syncs.wait_for(1);
  background.request(file);
  syncs.wait_for(2);
  const std::optional<Error> error = error_of([&] { background.finish(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kIo);
  EXPECT_EQ(error->path(), file.path());
}

TEST_F(BackgroundSyncTest, DropsTheRequestsLeftOverAtItsEnd) {
  std::vector<File> files;
  for (int i = 0; i < 20; ++i) {
    files.push_back(File::create(directory_.path("file" + std::to_string(i))));
  }
  // All of them would take a second.
  Syncs syncs(EIO, std::chrono::milliseconds(50));
  const UseRule use(syncs);
  {
    BackgroundSync background;
    for (File& file : files) background.request(file);
  }
  EXPECT_LT(syncs.size(), files.size());
}

TEST_F(BackgroundSyncTest, SyncsAFileOnceForTheRequestsThatWait) {
  File file = File::create(directory_.path("file")), last = File::create(directory_.path("last"));
  Syncs syncs;
  const UseRule use(syncs);
  BackgroundSync background;
  syncs.hold(true);
  for (int i = 0; i < 20; ++i) background.request(file);
  background.request(last);
  syncs.hold(false);
  // One that was begun before the last of them, and one for those that came meanwhile.
  const std::vector<std::string> paths = syncs.wait_for(2);
  EXPECT_EQ(paths[0], file.path());
  const std::vector<std::string> all = paths[1] == last.path() ? paths : syncs.wait_for(3);
  EXPECT_EQ(all.back(), last.path());
}

TEST_F(BackgroundSyncTest, ASegmentIsSyncedWhileItIsWrittenAndAtItsEnd) {
  Syncs syncs;
  const UseRule use(syncs);
  SegmentWriter segment(directory_.path("segment"), true);
  write_lists(&segment);
  const std::string postings = directory_.path("segment/postings");
  EXPECT_EQ(syncs.wait_for(1).back(), postings);
  IndexInfo info{};
  segment.finish(&info);
  // One early sync, then those of all files and of the directory.
  const std::vector<std::string> paths = syncs.wait_for(kNumSegmentFiles + 2);
  EXPECT_EQ(std::count(paths.begin(), paths.end(), postings), 2);
  EXPECT_EQ(paths.back(), directory_.path("segment"));
}

TEST_F(BackgroundSyncTest, ASegmentWhoseEarlySyncFailedFails) {
  Syncs syncs(EIO);
  const UseRule use(syncs);
  SegmentWriter segment(directory_.path("segment"), true);
  write_lists(&segment);
  syncs.wait_for(1);
  IndexInfo info{};
  const std::optional<Error> error = error_of([&] { segment.finish(&info); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::kIo);
  EXPECT_EQ(error->path(), directory_.path("segment/postings"));
}

}  // namespace
}  // namespace spimi::testing
