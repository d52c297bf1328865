// Input: a list of sealed runs without its checksum line. With a right one behind it, it is refused
// as damaged, or survives being written again; and the runs that it names are sound, or damaged.

#include <optional>

#include "base/checksum.h"
#include "fuzz/fuzz.h"
#include "indexer/earlier_work.h"
#include "indexer/sealed_runs.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

std::string with_checksum(std::string text) {
  char line[32];
  std::snprintf(line, sizeof(line), "checksum %016llx\n",
                static_cast<unsigned long long>(checksum64(text.data(), text.size())));
  return text + line;
}

void run(const std::string& text) {
  static const TemporaryDirectory staging{TemporaryDirectory::memory_base()};
  static const bool has_spill = !staging.write_file("spill-0", std::string(200, '\0')).empty();
  require(has_spill, "a spill file can be written");
  const auto read = [&](const std::string& bytes) {
    staging.write_file(kRunsName, bytes);
    std::optional<SealedRuns> sealed;
    attempt([&] { sealed.emplace(read_sealed_runs(staging.path())); });
    return sealed;
  };
  read(text);  // The checks that come before the checksum's.
  std::optional<SealedRuns> sealed = read(with_checksum(text));
  if (!sealed) return;
  require(sealed->set.max_token_bytes >= 1 && sealed->set.max_token_bytes <= kMaxTokenLimit,
          "what the token limit decides fits in memory");
  for (const RunInfo& run : sealed->set.runs) {
    const File& file = sealed->set.files.at(run.file);
    require(run.end_offset <= file.size(), "a run is inside its file");
    attempt([&] { check_run(file, run, sealed->set.positions, sealed->set.max_token_bytes); });
  }
  sealed->durable = false;  // For speed: nothing is synced then.
  write_sealed_runs(staging.path(), *sealed);
  const std::string written = staging.read_file(kRunsName);
  std::optional<SealedRuns> again = read(written);
  require(again.has_value(), "a list that was written is valid");
  write_sealed_runs(staging.path(), *again);
  require(staging.read_file(kRunsName) == written, "a list that was written is read back");
}

}  // namespace

void fuzz_one(const std::uint8_t* data, std::size_t size) {
  run({reinterpret_cast<const char*>(data), size});
}

}  // namespace spimi::testing
