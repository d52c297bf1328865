#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spimi {

/// A pattern of paths, relative to their corpus: `*` is any bytes but a slash, `**` any bytes, `?`
/// one byte but a slash. A pattern that ends in a slash means all below it. One without a slash is
/// matched with the last part of the path, any other with the whole.
class PathGlob {
 public:
  /// `pattern` is UTF-8; in it `\xHH` is a byte, and a backslash takes the meaning from any other
  /// character. Throws QueryError with places that begin at `begin` if it is not UTF-8.
  PathGlob(std::string_view pattern, std::size_t begin);

  bool matches(std::string_view path) const;
  /// All matching paths begin with these bytes.
  const std::string& prefix() const { return prefix_; }
  /// True if all that begin with `prefix` match.
  bool is_prefix_only() const { return prefix_only_; }

 private:
  struct Piece {
    enum class Kind { kByte, kOne, kRun, kDeepRun };
    Kind kind;
    char byte;
  };

  std::vector<Piece> pieces_;
  bool whole_path_ = false;
  std::string prefix_;
  bool prefix_only_ = false;
};

}  // namespace spimi
