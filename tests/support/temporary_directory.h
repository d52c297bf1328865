#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace spimi::testing {

/// A fresh directory below `base`, removed with all it holds at the end of its scope.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::string& base = default_base())
      : path_(base + "/spimi-test-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) fail("mkdtemp", path_);
  }
  ~TemporaryDirectory() { remove_tree(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  /// $TMPDIR, or /tmp.
  static std::string default_base() {
    const char* base = std::getenv("TMPDIR");
    return base != nullptr && *base != '\0' ? base : "/tmp";
  }
  /// For tests that make very many files: a file system in memory if there is one.
  static std::string memory_base() {
    return ::access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : default_base();
  }

  const std::string& path() const { return path_; }
  /// The absolute path of `relative`, which is inside this directory.
  std::string path(std::string_view relative) const { return path_ + "/" + std::string(relative); }

  /// Writes `relative`, making the directories above it; returns its absolute path.
  std::string write_file(std::string_view relative, std::string_view bytes) const {
    const std::string file = path(relative);
    make_parents(file);
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) fail("write", file);
    return file;
  }

  /// Makes the directory `relative` and those above it; returns its absolute path.
  std::string make_directory(std::string_view relative) const {
    const std::string directory = path(relative);
    std::filesystem::create_directories(directory);
    return directory;
  }

  /// Makes the symbolic link `relative`, and the directories above it; returns its absolute path.
  std::string make_link(std::string_view relative, const std::string& target) const {
    const std::string link = path(relative);
    make_parents(link);
    if (::symlink(target.c_str(), link.c_str()) != 0) fail("symlink", link);
    return link;
  }

  std::string read_file(std::string_view relative) const {
    std::ifstream in(path(relative), std::ios::binary);
    if (!in) fail("open", path(relative));
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

 private:
  [[noreturn]] static void fail(const char* what, const std::string& path) {
    throw std::runtime_error(std::string(what) + " " + path + ": " + std::strerror(errno));
  }

  static void make_parents(const std::string& file) {
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
  }

  /// Holds one descriptor and no long path, so that trees of any depth go;
  /// std::filesystem::remove_all runs out of descriptors on them. Best effort: what cannot be
  /// removed ends it.
  static void remove_tree(const std::string& root) {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    ::chmod(root.c_str(), 0700);
    int fd = ::open(root.c_str(), kFlags);
    std::vector<std::string> names;  // From below the root to the directory that is open.
    while (fd >= 0) {
      const int child = remove_files(fd, names);
      if (child >= 0) {
        ::close(fd);
        fd = child;
        continue;
      }
      const int parent = names.empty() ? -1 : ::openat(fd, "..", kFlags);
      ::close(fd);
      fd = parent;
      if (fd < 0) break;
      if (::unlinkat(fd, names.back().c_str(), AT_REMOVEDIR) != 0) break;
      names.pop_back();
    }
    if (fd >= 0) ::close(fd);
    ::rmdir(root.c_str());
  }

  /// Unlinks the entries of `fd` up to its first directory that is not empty; opens and names that
  /// one. -1 when none is left.
  static int remove_files(int fd, std::vector<std::string>& names) {
    DIR* stream = ::fdopendir(::dup(fd));
    if (stream == nullptr) return -1;
    int child = -1;
    while (const dirent* entry = ::readdir(stream)) {
      const char* name = entry->d_name;
      if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
      if (::unlinkat(fd, name, 0) == 0) continue;
      if (::unlinkat(fd, name, AT_REMOVEDIR) == 0) continue;
      ::fchmodat(fd, name, 0700, 0);
      child = ::openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (child < 0) continue;
      names.emplace_back(name);
      break;
    }
    ::closedir(stream);
    return child;
  }

  std::string path_;
};

}  // namespace spimi::testing
