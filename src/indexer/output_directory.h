#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/file.h"
#include "format/segment_writer.h"
#include "spimi/index.h"

namespace spimi {

/// In a staging directory, a link to where its runs are, if that is elsewhere.
inline constexpr std::string_view kSpillLinkName = "spills";
/// Where the runs of a staging directory are: itself, or what the link leads to.
std::string spill_directory(const std::string& staging);

/// The directory of an index while it is written, held by a kernel lock on its file `lock`, which
/// ends with the process. Everything before commit goes to its folder `staging`.
class OutputDirectory {
 public:
  /// Makes the directory if it is not there. Throws Error(kUsage) if it holds anything but an index
  /// of ours, or an index while `replace` is not set
  /// (`must_be_free` off: then either may be there); Error(kLocked) if another process writes to
  /// it. `resume`: a journal in it also allows to replace the index, for it was allowed then.
  OutputDirectory(const std::filesystem::path& path, bool must_be_free, bool replace,
                  bool resume = false);
  /// Removes what is staged unless it was kept, and the directory itself if it was made and holds
  /// nothing.
  ~OutputDirectory();
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string staging_path() const;
  dev_t device() const { return device_; }
  ino_t inode() const { return inode_; }

  /// Removes what an earlier build staged and makes the folder anew. Runs go below
  /// `temporary_directory`, if that is not empty.
  void begin_staging(const std::filesystem::path& temporary_directory = {});
  /// From here on the staged runs outlive this object, until discard_staging. `durable`: and a
  /// crash of the machine.
  void keep_staging(bool durable);
  /// Removes a segment that was begun; the runs stay.
  void discard_staged_segment();
  void discard_staging();

  std::string staged_segment_path() const;
  /// Makes the staged segment the index: rename, fsync, manifest. Then removes what the old
  /// manifest named, and what is staged. `info` has the build id. Returns the size of the manifest.
  std::uint64_t commit(const IndexInfo& info);

 private:
  void sync_names() const;
  void refuse_foreign_files(bool must_be_free, bool replace, bool resume) const;
  void remove_old_segments(const std::string& current) const;

  std::string path_;
  bool made_ = false;
  bool keep_staging_ = false;
  bool owns_staging_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  File lock_;
};

}  // namespace spimi
