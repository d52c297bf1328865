#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spimi {

enum class NameKind : std::uint16_t {
  kDirectory,
  kRegularFile,
  kOther,  ///< Or not known.
};

/// The names that a depth-first walk has yet to visit: for each level of its stack a sorted window
/// of the smallest names behind the last one visited. All windows share one buffer of fixed size. A
/// level takes what is free if it holds files only, else half of that, so that its children find
/// room; when little is free the windows of the shallowest levels are dropped, and their
/// directories must be read again when the walk is back there.
///
/// A directory's name is held with a '/' behind it, which gives the walk's order by plain
/// comparison of bytes.
class NameWindows {
 public:
  /// Longer than any name that Linux file systems give.
  static constexpr std::size_t kMaxNameBytes = 1024;
  /// An eighth is the least that a window gets, and must have room for three of the longest names.
  static constexpr std::size_t kMinMemoryBytes = std::size_t{32} << 10;

  explicit NameWindows(std::size_t memory_bytes);

  /// A new top level, whose directory is unread: at_end() and more().
  void push();
  void pop();

  /// Empties the top level's window, to be filled with the names greater than `after`.
  void begin(std::string_view after);
  /// False when `name` is of no use to this window, whether it is a directory's or not.
  bool may_hold(std::string_view name) const;
  /// `name` has kMaxNameBytes at most.
  void add(std::string_view name, NameKind kind);
  void end();

  /// No name of the top level's window is left; then more() says if its directory must be read
  /// (again).
  bool at_end() const { return windows_.back().next == windows_.back().count; }
  bool more() const { return windows_.back().more; }
  struct Name {
    std::string_view bytes;
    NameKind kind;
  };
  /// The next name of the top level, valid until the next other call.
  Name next();
  /// Gives up what is left of the top level.
  void finish();

 private:
  struct Window {
    std::size_t begin = 0;    ///< Of the names, in the buffer; 0 when it was dropped.
    std::size_t refs_at = 0;  ///< From `begin` to the references.
    std::uint32_t count = 0;  ///< Names in the window,
    std::uint32_t next = 0;   ///< and how many of them are done.
    bool more = true;
  };
  struct Ref {
    std::uint64_t key;     ///< The eight bytes behind the prefix that all names share; for sorting.
    std::uint32_t offset;  ///< From the window's begin.
    std::uint16_t size;
    NameKind kind;
  };

  Ref* refs_at(std::size_t offset) { return reinterpret_cast<Ref*>(buffer_.get() + offset); }
  std::string_view name_of(const Ref& ref) const;
  bool less(const Ref& a, const Ref& b) const;
  void set_keys(Ref* refs, std::size_t count) const;
  void drop_shallow();
  void prune();

  std::size_t capacity_;
  std::unique_ptr<std::byte[]> buffer_;
  std::vector<Window> windows_;
  std::size_t top_ = 0;  ///< End of the top level's window.

  // The window being filled: names grow up from its begin, references down from the limit.
  std::size_t names_end_ = 0;
  std::size_t refs_begin_ = 0;
  std::size_t limit_ = 0;
  bool holds_directories_ = false;
  std::string after_;
  std::string last_kept_;  ///< With more(): no greater name enters the window.
};

}  // namespace spimi
