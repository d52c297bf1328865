#include "indexer/output_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <vector>

#include "base/os_error.h"
#include "base/system_calls.h"
#include "format/layout.h"
#include "format/manifest.h"
#include "indexer/earlier_work.h"
#include "indexer/sealed_runs.h"

namespace spimi {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStagedSegmentName = "segment";
constexpr std::string_view kManifestTemporaryName = "manifest.tmp";

bool is_segment_name(std::string_view name) {
  const std::string prefix = segment_directory_name({});
  BuildId id;
  return name.starts_with(prefix) && parse_build_id(name.substr(prefix.size()), &id);
}

bool is_spill_name(std::string_view name) { return name.starts_with("spill-"); }

bool is_staged_name(std::string_view name) {
  return is_spill_name(name) || name == kSpillLinkName || name == kRunsName || name == "runs.tmp" ||
         name == kJournalName || name == kNewJournalName || name == kStagedSegmentName;
}

bool is_segment_file_name(std::string_view name) {
  for (const SegmentFileLayout& layout : kSegmentFiles) {
    if (name == layout.name) return true;
  }
  return false;
}

// False if the file's first bytes are others than these. They may be missing, or zeros: whoever
// wrote it was killed, or the machine crashed.
bool may_begin_with(const std::string& path, std::string_view magic) {
  if (!begins_with(path, {})) return false;  // no regular file
  char bytes[64];
  const std::size_t size =
      File::open_read(path).pread_some(0, bytes, std::min(sizeof(bytes), magic.size()));
  return std::equal(bytes, bytes + size, magic.begin(),
                    [](char byte, char ours) { return byte == ours || byte == '\0'; });
}

// The names in a directory of ours, all of which `is_ours` knows; none if there is no such
// directory. Throws if there is anything else in it.
template <class IsOurs>
std::vector<std::string> names_of_ours(const std::string& path, IsOurs is_ours) {
  struct stat st;
  if (os::lstat(path.c_str(), &st) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    throw os_error(path, "cannot read its status");
  }
  if (!S_ISDIR(st.st_mode)) {
    throw Error(ErrorKind::kUsage, path, "is no directory, so it was not made by spimi",
                "remove it and try again");
  }
  std::vector<std::string> names = list_directory(path);
  for (const std::string& name : names) {
    const std::string file = path + "/" + name;
    if (!is_ours(name) || (name == kJournalName && !may_begin_with(file, kJournalMagic)) ||
        (name == kRunsName && !may_begin_with(file, kRunsMagic))) {
      throw Error(ErrorKind::kUsage, file, "was not made by spimi and is not touched",
                  "remove it and try again");
    }
  }
  return names;
}

// Removes a directory of ours, no links followed. If there is anything else in it, nothing of it is
// touched.
template <class IsOurs>
void remove_directory(const std::string& path, IsOurs is_ours) {
  for (const std::string& name : names_of_ours(path, is_ours)) {
    const std::string file = path + "/" + name;
    if (name == kStagedSegmentName) {
      remove_directory(file, is_segment_file_name);
    } else {
      remove_if_there(file);
    }
  }
  if (os::rmdir(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
    const Error error = os_error(path, "cannot remove directory");
    // A read-only file system says so, whether there is anything or not.
    struct stat st;
    if (os::lstat(path.c_str(), &st) == 0 || errno != ENOENT) throw error;
  }
}

}  // namespace

OutputDirectory::OutputDirectory(const fs::path& path, bool must_be_free, bool replace,
                                 bool resume) {
  path_ = path.string();
  if (path_.empty()) throw Error(ErrorKind::kUsage, {}, "the output directory has no name");
  while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
  struct stat st;
  if (os::stat(path_.c_str(), &st) != 0) {
    if (errno != ENOENT || !must_be_free) throw os_error(path_, "cannot open the output directory");
    // A missing parent is more often a mistyped name than a wish.
    if (os::mkdir(path_.c_str(), 0777) != 0)
      throw os_error(path_, "cannot make the output directory");
    made_ = true;
    if (os::stat(path_.c_str(), &st) != 0) throw os_error(path_, "cannot read its status");
  } else if (!S_ISDIR(st.st_mode)) {
    throw Error(ErrorKind::kUsage, path_, "the output is not a directory");
  }
  device_ = st.st_dev;
  inode_ = st.st_ino;
  refuse_foreign_files(must_be_free, replace, resume);
  const std::string lock_path = path_ + "/" + std::string(kLockName);
  lock_ = File::open(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW, "cannot open the lock");
  while (os::flock(lock_.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) throw os_error(lock_path, "cannot lock");
    made_ = false;
    throw Error(ErrorKind::kLocked, path_, "another process is writing this index",
                "wait for it, or choose another directory");
  }
  // Another process may have committed between the look and the lock.
  refuse_foreign_files(must_be_free, replace, resume);
}

OutputDirectory::~OutputDirectory() {
  try {
    if (owns_staging_ && !keep_staging_) discard_staging();
    if (made_ && !keep_staging_) {
      // Fails if there is an index, as it should.
      bool only_lock = true;
      for (const std::string& name : list_directory(path_))
        only_lock = only_lock && name == kLockName;
      if (only_lock) {
        os::unlink(lock_.path().c_str());
        os::rmdir(path_.c_str());
      }
    }
  } catch (const std::exception&) {
    // The failure that brought us here is the one to tell of; the next build cleans up.
  }
}

void OutputDirectory::refuse_foreign_files(bool must_be_free, bool replace, bool resume) const {
  bool has_index = false;
  for (const std::string& name : list_directory(path_)) {
    if (name == kManifestName && begins_with(path_ + "/" + name, kManifestMagic)) {
      has_index = true;
    } else if (name != kLockName && name != kStagingName && name != kManifestTemporaryName &&
               !is_segment_name(name)) {
      throw Error(
          ErrorKind::kUsage, path_,
          "the output directory holds something that is no index: '" + escape_bytes(name) + "'",
          "choose an empty or a new directory");
    }
  }
  if (has_index && must_be_free && !replace && !(resume && EarlierWork::is_in(staging_path()))) {
    throw Error(ErrorKind::kUsage, path_, "the output directory holds an index",
                "use --force to replace it");
  }
}

std::string OutputDirectory::staging_path() const {
  return path_ + "/" + std::string(kStagingName);
}

std::string OutputDirectory::staged_segment_path() const {
  return staging_path() + "/" + std::string(kStagedSegmentName);
}

void OutputDirectory::begin_staging(const fs::path& temporary_directory) {
  discard_staging();
  if (os::mkdir(staging_path().c_str(), 0777) != 0) {
    throw os_error(staging_path(), "cannot make directory");
  }
  owns_staging_ = true;
  if (temporary_directory.empty()) return;
  // Named after this directory, so that two builds do not share one.
  char name[64];
  std::snprintf(name, sizeof(name), "spimi-runs-%llx-%llx",
                static_cast<unsigned long long>(device_), static_cast<unsigned long long>(inode_));
  const std::string spills = fs::absolute(temporary_directory / name).string();
  const std::string link = staging_path() + "/" + std::string(kSpillLinkName);
  if (os::symlink(spills.c_str(), link.c_str()) != 0) throw os_error(link, "cannot make the link");
  remove_directory(spills, is_spill_name);
  if (os::mkdir(spills.c_str(), 0700) != 0) throw os_error(spills, "cannot make directory");
}

std::string spill_directory(const std::string& staging) {
  std::string link = staging + "/" + std::string(kSpillLinkName);
  struct stat st;
  if (os::lstat(link.c_str(), &st) == 0) return link;
  if (errno != ENOENT && errno != ENOTDIR) throw os_error(link, "cannot read its status");
  return staging;
}

void OutputDirectory::keep_staging(bool durable) {
  keep_staging_ = true;
  if (durable) sync_names();
}

// Makes durable the names in this directory, and its own.
void OutputDirectory::sync_names() const {
  sync_directory(path_);
  if (made_) sync_directory(path_ + "/..");
}

void OutputDirectory::discard_staged_segment() {
  remove_directory(staged_segment_path(), is_segment_file_name);
}

void OutputDirectory::discard_staging() {
  const std::string staging = staging_path();
  (void)names_of_ours(staging, is_staged_name);
  const std::string link = staging + "/" + std::string(kSpillLinkName);
  std::string target(PATH_MAX, '\0');
  const ssize_t size = os::readlink(link.c_str(), target.data(), target.size());
  if (size < 0 && errno != ENOENT && errno != ENOTDIR && errno != EINVAL) {
    throw os_error(link, "cannot read the link");
  }
  target.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  // A link that leads anywhere else is none of ours; the link itself goes.
  if (fs::path(target).filename().string().starts_with("spimi-runs-")) {
    (void)names_of_ours(target, is_spill_name);
    // First what tells of the runs, so that none is ever told of that is gone.
    remove_if_there(staging + "/" + std::string(kRunsName));
    remove_if_there(staging + "/" + std::string(kJournalName));
    remove_directory(target, is_spill_name);
  }
  remove_directory(staging, is_staged_name);
}

std::uint64_t OutputDirectory::commit(const IndexInfo& info) {
  const std::string name = segment_directory_name(info.build_id);
  const std::string target = path_ + "/" + name;
  struct stat st;
  if (os::lstat(target.c_str(), &st) == 0) {
    if (!S_ISDIR(st.st_mode)) {
      throw Error(ErrorKind::kUsage, target, "is no directory, so it was not made by spimi",
                  "remove it and try again");
    }
    // The same content was built before. Its bytes may have been damaged since, so the new ones
    // take its place, file by file: whichever of the two a reader finds, it holds the same.
    for (const std::string& file : list_directory(staged_segment_path())) {
      rename_path(staged_segment_path() + "/" + file, target + "/" + file);
    }
    sync_directory(target);
  } else {
    rename_path(staged_segment_path(), target);
  }
  sync_names();
  const std::string manifest = manifest_text(info);
  write_file_atomically(path_ + "/" + std::string(kManifestName), manifest);
  // The new index is durable. What is left over takes space, no more; a failure to remove it is
  // none of the build.
  keep_staging_ = false;
  owns_staging_ = false;
  made_ = false;
  try {
    remove_old_segments(name);
    discard_staging();
  } catch (const Error&) {
  }
  return manifest.size();
}

void OutputDirectory::remove_old_segments(const std::string& current) const {
  for (const std::string& name : list_directory(path_)) {
    if (is_segment_name(name) && name != current) {
      remove_directory(path_ + "/" + name, is_segment_file_name);
    }
  }
}

}  // namespace spimi
