// What a build cannot be faster than: its walk and reading alone, or with tokenizing. For
// scripts/bench; prints what it counted.
//
//   spimi_floors read|tokenize THREADS CORPUS_DIR

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "input/document_reader.h"
#include "input/walk.h"
#include "text/tokenizer.h"

namespace {

using namespace spimi;

struct Counts {
  std::uint64_t documents = 0;
  std::uint64_t bytes = 0;
  std::uint64_t tokens = 0;
};

class CountingSink : public TokenSink {
 public:
  void take(const TokenBatch& batch) override { num_tokens += batch.size; }
  std::uint64_t num_tokens = 0;
};

class Floor {
 public:
  Floor(const std::string& corpus, bool tokenize)
      : walk_(corpus, {}, [](std::string_view, SkipReason, std::string_view) {}),
        tokenize_(tokenize) {}

  /// What each of the threads does.
  void work() {
    CountingSink sink;
    ChunkTokenizer tokenizer({}, sink);
    DocumentReader reader(BuildOptions{}.chunk_bytes, false, false);
    Counts counts;
    std::vector<WalkEntry> entries;
    while (take_entries(&entries)) {
      for (const WalkEntry& entry : entries) {
        if (reader.open(entry) != DocumentReader::Status::kOpen) continue;
        ++counts.documents;
        if (tokenize_) tokenizer.begin();
        for (;;) {
          const std::span<char> chunk = reader.next_chunk();
          if (chunk.empty()) break;
          if (tokenize_) tokenizer.add(chunk);
        }
        if (tokenize_) tokenizer.finish();
        counts.bytes += reader.bytes_read();
      }
    }
    const std::lock_guard lock(mutex_);
    total_.documents += counts.documents;
    total_.bytes += counts.bytes;
    total_.tokens += sink.num_tokens;
  }

  const Counts& total() const { return total_; }

 private:
  bool take_entries(std::vector<WalkEntry>* entries) {
    constexpr std::size_t kEntries = 64;
    const std::lock_guard lock(mutex_);
    entries->clear();
    for (WalkEntry entry; entries->size() < kEntries && walk_.next(&entry);) {
      entries->push_back(std::move(entry));
    }
    return !entries->empty();
  }

  std::mutex mutex_;
  Walk walk_;
  const bool tokenize_;
  Counts total_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc == 4 ? argv[1] : "";
  const int num_threads = argc == 4 ? std::atoi(argv[2]) : 0;
  if ((mode != "read" && mode != "tokenize") || num_threads < 1) {
    std::fputs("usage: spimi_floors read|tokenize THREADS CORPUS_DIR\n", stderr);
    return 2;
  }
  try {
    Floor floor(argv[3], mode == "tokenize");
    std::vector<std::thread> threads;
    for (int i = 0; i < num_threads; ++i) threads.emplace_back([&] { floor.work(); });
    for (std::thread& thread : threads) thread.join();
    std::printf("{\"documents\": %llu, \"bytes\": %llu, \"tokens\": %llu}\n",
                static_cast<unsigned long long>(floor.total().documents),
                static_cast<unsigned long long>(floor.total().bytes),
                static_cast<unsigned long long>(floor.total().tokens));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "spimi_floors: %s\n", error.what());
    return 4;
  }
}
