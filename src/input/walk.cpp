#include "input/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

#include "base/os_error.h"
#include "base/system_calls.h"
#include "input/name_windows.h"
#include "spimi/error.h"

namespace spimi {
namespace {

constexpr std::size_t kListingBytes = std::size_t{32} << 10;
constexpr int kOpenFollowing = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr int kOpenDirectory = kOpenFollowing | O_NOFOLLOW;

/// A want of the whole process: to go on would leave out most of the corpus.
bool is_exhaustion(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

}  // namespace

struct Walk::State {
  /// A directory on the stack, from the root to the one being walked.
  struct Level {
    dev_t device = 0;
    ino_t inode = 0;
    std::size_t path_bytes = 0;             ///< Of `path`, up to and with this directory's '/'.
    std::shared_ptr<const File> directory;  ///< Null while it is closed; the root never is.
    bool through_link = false;              ///< Its ".." is not the level above.
    bool reported = false;                  ///< As unreadable.
  };

  WalkOptions options;
  SkipFunction on_skip;
  std::vector<Level> levels;
  NameWindows windows;  ///< A window for each level.
  std::string path;     ///< Of the top level, with a '/' at its end; empty for the root.
  std::string last;     ///< The name last visited in the top level, with '/' if a directory's.
  std::string name;     ///< Scratch.
  std::unique_ptr<std::byte[]> listing = std::make_unique_for_overwrite<std::byte[]>(kListingBytes);

  State(const WalkOptions& walk_options, SkipFunction skip)
      : options(walk_options), on_skip(std::move(skip)), windows(walk_options.memory_bytes) {
    options.max_open_directories = std::max<std::size_t>(options.max_open_directories, 2);
  }

  void report(std::string_view bare_name, SkipReason reason, std::string_view cause = {}) const {
    if (on_skip) on_skip(path + std::string(bare_name), reason, cause);
  }
  void report_unreadable(std::string_view bare_name, int error) const {
    if (is_exhaustion(error)) {
      errno = error;
      throw os_error(path + std::string(bare_name), "cannot open or read its status");
    }
    report(bare_name, SkipReason::kUnreadable, std::generic_category().message(error));
  }
  void report_top_level(std::string_view cause);

  int follow_flag() const { return options.follow_links ? 0 : AT_SYMLINK_NOFOLLOW; }

  bool next(WalkEntry* entry);
  void read_directory();
  NameKind kind_of(const char* entry_name, unsigned char type) const;
  bool visit_file(NameKind kind, WalkEntry* entry);
  void report_no_status(int error) const;
  void enter_directory();
  void push(const struct stat& status, File directory, bool through_link);
  bool closes_loop(const struct stat& status) const;
  void leave_directory();
  bool reopen_from_below(const Level& child);
  bool reopen_from_above();
  bool adopt(std::size_t index, int fd);
  void set_open(std::size_t index, File directory);
};

Walk::Walk(const std::string& root, const WalkOptions& options, SkipFunction on_skip)
    : state_(std::make_unique<State>(options, std::move(on_skip))) {
  std::string name = root;
  const int fd = os::open(root.c_str(), kOpenFollowing);
  if (fd < 0) {
    const Error error = os_error(root, "cannot open directory");
    if (errno != ENOENT && errno != ENOTDIR) throw error;
    throw Error(ErrorKind::kUsage, root, errno == ENOENT ? "no such directory" : "not a directory");
  }
  File directory(fd, std::move(name));
  const struct stat status = directory.status();
  state_->push(status, std::move(directory), false);
}

Walk::~Walk() = default;

bool Walk::next(WalkEntry* entry) { return state_->next(entry); }

std::optional<struct stat> Walk::status(const WalkEntry& entry) const {
  struct stat status;
  const int directory = entry.directory->fd();
  if (os::fstatat(directory, entry.name.c_str(), &status, state_->follow_flag()) == 0) {
    return status;
  }
  return std::nullopt;
}

bool Walk::State::next(WalkEntry* entry) {
  while (!levels.empty()) {
    if (windows.at_end()) {
      if (windows.more()) {
        read_directory();
      } else {
        leave_directory();
      }
      continue;
    }
    const NameWindows::Name next_name = windows.next();
    last.assign(next_name.bytes);
    const bool is_directory_name = next_name.kind == NameKind::kDirectory;
    if (last.front() == '.' && !options.hidden) {
      report(std::string_view(last).substr(0, last.size() - (is_directory_name ? 1 : 0)),
             SkipReason::kHidden);
    } else if (is_directory_name) {
      enter_directory();
    } else if (visit_file(next_name.kind, entry)) {
      return true;
    }
  }
  return false;
}

/// Fills the top level's window with the names behind `last`.
void Walk::State::read_directory() {
  const int fd = levels.back().directory->fd();
  windows.begin(last);
  ssize_t num_bytes = os::lseek(fd, 0, SEEK_SET);
  while (num_bytes >= 0) {
    num_bytes = os::getdents64(fd, listing.get(), kListingBytes);
    if (num_bytes == 0) break;
    if (num_bytes < 0 && errno == EINTR) num_bytes = 0;
    for (ssize_t at = 0; at < num_bytes;) {
      const auto* entry = reinterpret_cast<const struct dirent64*>(listing.get() + at);
      at += entry->d_reclen;
      const std::string_view entry_name = entry->d_name;
      if (entry_name == "." || entry_name == ".." || !windows.may_hold(entry_name)) continue;
      if (entry_name.size() > NameWindows::kMaxNameBytes) {
        report_unreadable(entry_name, ENAMETOOLONG);
        continue;
      }
      windows.add(entry_name, kind_of(entry->d_name, entry->d_type));
    }
  }
  const int error = errno;
  windows.end();
  if (num_bytes == 0) return;
  errno = error;
  if (levels.size() == 1 || is_exhaustion(error)) {
    throw os_error(path.empty() ? levels.back().directory->path() : path, "cannot read directory");
  }
  report_top_level(std::generic_category().message(error));
}

/// As the directory says, where it does. What is not read is told apart when it is visited.
NameKind Walk::State::kind_of(const char* entry_name, unsigned char type) const {
  if (type == DT_DIR) return NameKind::kDirectory;
  if (type == DT_REG) return NameKind::kRegularFile;
  if (type != DT_UNKNOWN && !(type == DT_LNK && options.follow_links)) return NameKind::kOther;
  struct stat status;
  if (os::fstatat(levels.back().directory->fd(), entry_name, &status, follow_flag()) != 0) {
    return NameKind::kOther;
  }
  return S_ISDIR(status.st_mode)   ? NameKind::kDirectory
         : S_ISREG(status.st_mode) ? NameKind::kRegularFile
                                   : NameKind::kOther;
}

void Walk::State::report_top_level(std::string_view cause) {
  if (std::exchange(levels.back().reported, true) || !on_skip) return;
  on_skip(std::string_view(path).substr(0, path.empty() ? 0 : path.size() - 1),
          SkipReason::kUnreadable, cause);
}

/// Visits the file named `last`. False if it is not one, which is reported.
bool Walk::State::visit_file(NameKind kind, WalkEntry* entry) {
  const Level& level = levels.back();
  struct stat status;
  if (kind == NameKind::kRegularFile) {
    status.st_mode = S_IFREG;
  } else if (os::fstatat(level.directory->fd(), last.c_str(), &status, follow_flag()) != 0) {
    report_no_status(errno);
    return false;
  }
  if (S_ISREG(status.st_mode)) {
    entry->directory = level.directory;
    entry->name = last;
    entry->path.assign(path).append(last);
    return true;
  }
  if (S_ISLNK(status.st_mode)) {
    report(last, SkipReason::kSymlink);
  } else if (S_ISDIR(status.st_mode)) {
    report(last, SkipReason::kUnreadable, "it became a directory during the walk");
  } else {
    report(last, SkipReason::kSpecialFile);
  }
  return false;
}

/// Of the entry named `last`.
void Walk::State::report_no_status(int error) const {
  struct stat status;
  const bool leads_nowhere =
      options.follow_links && (error == ENOENT || error == ENOTDIR || error == ELOOP) &&
      os::fstatat(levels.back().directory->fd(), last.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISLNK(status.st_mode);
  if (leads_nowhere) {
    report(last, SkipReason::kLinkLoop, std::generic_category().message(error));
  } else {
    report_unreadable(last, error);
  }
}

/// Enters the directory named `last`, unless there is a reason not to, which is reported.
void Walk::State::enter_directory() {
  name.assign(last, 0, last.size() - 1);  // A '/' behind the name would follow a link.
  const int parent_fd = levels.back().directory->fd();
  bool through_link = false;
  int fd = os::openat(parent_fd, name.c_str(), kOpenDirectory);
  if (fd < 0 && options.follow_links && (errno == ENOTDIR || errno == ELOOP)) {
    through_link = true;
    fd = os::openat(parent_fd, name.c_str(), kOpenFollowing);
  }
  File directory(fd, {});
  struct stat status;
  if (fd < 0 || os::fstat(fd, &status) != 0) {
    report_unreadable(name, errno);
  } else if (status.st_ino != 0 && status.st_ino == options.excluded_inode &&
             status.st_dev == options.excluded_device) {
    report(name, SkipReason::kOutputDir);
  } else if (closes_loop(status)) {
    report(name, SkipReason::kLinkLoop, "it leads to a directory that contains it");
  } else {
    path += last;
    last.clear();
    push(status, std::move(directory), through_link);
  }
}

void Walk::State::push(const struct stat& status, File directory, bool through_link) {
  levels.push_back({.device = status.st_dev,
                    .inode = status.st_ino,
                    .path_bytes = path.size(),
                    .directory = nullptr,
                    .through_link = through_link});
  windows.push();
  set_open(levels.size() - 1, std::move(directory));
}

/// Without followed links a directory cannot be inside itself. With them any entry may close a
/// loop, not just a link: one to the root's parent leads to the root by its name.
bool Walk::State::closes_loop(const struct stat& status) const {
  return options.follow_links && std::any_of(levels.begin(), levels.end(), [&](const Level& level) {
           return level.inode == status.st_ino && level.device == status.st_dev;
         });
}

void Walk::State::leave_directory() {
  const Level child = std::move(levels.back());
  levels.pop_back();
  windows.pop();
  if (levels.empty()) return;

  const std::size_t parent_bytes = levels.back().path_bytes;
  last.assign(path, parent_bytes);
  path.resize(parent_bytes);
  if (levels.back().directory || reopen_from_below(child)) return;
  if (windows.at_end() && !windows.more()) return;
  if (reopen_from_above()) return;
  report_top_level("it was moved during the walk");
  windows.finish();
}

bool Walk::State::reopen_from_below(const Level& child) {
  if (!child.directory) return false;
  return adopt(levels.size() - 1, os::openat(child.directory->fd(), "..", kOpenDirectory));
}

/// For what ".." does not lead to: opens every level below the deepest one that is open. That costs
/// as many openings as there are levels, but a stack of followed links is not deep.
bool Walk::State::reopen_from_above() {
  std::size_t index = levels.size() - 1;
  while (!levels[index].directory) --index;
  for (++index; index < levels.size(); ++index) {
    const std::size_t begin = levels[index - 1].path_bytes;
    name.assign(path, begin, levels[index].path_bytes - 1 - begin);
    const int flags = levels[index].through_link ? kOpenFollowing : kOpenDirectory;
    if (!adopt(index, os::openat(levels[index - 1].directory->fd(), name.c_str(), flags)))
      return false;
  }
  return true;
}

/// Takes `fd` for a level that was closed; false, and closes it, when it is not the same directory.
bool Walk::State::adopt(std::size_t index, int fd) {
  if (fd < 0) {
    if (is_exhaustion(errno)) throw os_error(path, "cannot open directory again");
    return false;
  }
  File directory(fd, {});
  const struct stat status = directory.status();
  if (status.st_ino != levels[index].inode || status.st_dev != levels[index].device) return false;
  set_open(index, std::move(directory));
  return true;
}

/// The root and the deepest levels stay open, max_open_directories in all.
void Walk::State::set_open(std::size_t index, File directory) {
  levels[index].directory = std::make_shared<const File>(std::move(directory));
  if (index >= options.max_open_directories) {
    levels[index - options.max_open_directories + 1].directory.reset();
  }
}

}  // namespace spimi
