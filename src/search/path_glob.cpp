#include "search/path_glob.h"

#include "base/utf8.h"
#include "spimi/query.h"

namespace spimi {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

PathGlob::PathGlob(std::string_view pattern, std::size_t begin) {
  for (std::size_t i = 0; i < pattern.size();) {
    const Utf8Char c = decode_utf8(pattern, i);
    if (!c.valid) {
      throw QueryError(begin + i, begin + i + c.num_bytes,
                       "this byte of a path is not UTF-8; write it as \\xHH, as paths are printed");
    }
    i += c.num_bytes;
  }
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '*') {
      const bool deep = i + 1 < pattern.size() && pattern[i + 1] == '*';
      if (deep) ++i;
      pieces_.push_back({deep ? Piece::Kind::kDeepRun : Piece::Kind::kRun, 0});
    } else if (c == '?') {
      pieces_.push_back({Piece::Kind::kOne, 0});
    } else {
      if (c == '\\' && i + 3 < pattern.size() && pattern[i + 1] == 'x' &&
          hex_digit(pattern[i + 2]) >= 0 && hex_digit(pattern[i + 3]) >= 0) {
        c = static_cast<char>(hex_digit(pattern[i + 2]) * 16 + hex_digit(pattern[i + 3]));
        i += 3;
      } else if (c == '\\' && i + 1 < pattern.size()) {
        c = pattern[++i];
      }
      whole_path_ |= c == '/';
      pieces_.push_back({Piece::Kind::kByte, c});
    }
    whole_path_ |= pieces_.back().kind == Piece::Kind::kDeepRun;
  }
  if (pieces_.back().kind == Piece::Kind::kByte && pieces_.back().byte == '/') {
    pieces_.push_back({Piece::Kind::kDeepRun, 0});
  }
  if (!whole_path_) return;
  std::size_t i = 0;
  for (; i < pieces_.size() && pieces_[i].kind == Piece::Kind::kByte; ++i) {
    prefix_ += pieces_[i].byte;
  }
  prefix_only_ = i + 1 == pieces_.size() && pieces_[i].kind == Piece::Kind::kDeepRun;
}

bool PathGlob::matches(std::string_view path) const {
  if (!whole_path_) path = path.substr(path.rfind('/') + 1);
  // Tries the shortest run first; on a mismatch makes the last run longer by a byte. A run that
  // stops at slashes falls back on the deep run before it.
  struct Retry {
    std::size_t piece, at;
    bool set = false;
  };
  Retry run{}, deep{};
  std::size_t piece = 0, at = 0;
  while (at < path.size() || piece < pieces_.size()) {
    if (piece < pieces_.size()) {
      const Piece& next = pieces_[piece];
      if (next.kind == Piece::Kind::kDeepRun) {
        deep = {++piece, at, true};
        run.set = false;
        continue;
      }
      if (next.kind == Piece::Kind::kRun) {
        run = {++piece, at, true};
        continue;
      }
      if (at < path.size() &&
          (next.kind == Piece::Kind::kOne ? path[at] != '/' : path[at] == next.byte)) {
        ++piece;
        ++at;
        continue;
      }
    }
    if (run.set && run.at < path.size() && path[run.at] != '/') {
      at = ++run.at;
      piece = run.piece;
    } else if (deep.set && deep.at < path.size()) {
      at = ++deep.at;
      piece = deep.piece;
      run.set = false;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace spimi
