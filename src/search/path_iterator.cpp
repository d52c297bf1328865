#include <algorithm>
#include <optional>

#include "search/doc_iterator.h"

namespace spimi {
namespace {

/// Documents whose paths fit a pattern. A root's documents are in the byte order of their paths, so
/// those with the pattern's literal beginning are a range of each root.
class PathFilterIterator : public DocIterator {
 public:
  PathFilterIterator(const PlanNode& node, const SearchContext& context)
      : paths_(context.segment.paths()), glob_(*node.glob) {
    std::uint64_t begin = 0;
    for (const std::uint64_t end : *context.root_ends) {
      add_range(begin, end);
      begin = end;
    }
  }

  std::uint32_t seek(std::uint32_t target) override {
    while (range_ < ranges_.size() && ranges_[range_].end <= target) ++range_;
    if (range_ == ranges_.size()) return docid_ = kEnd;
    return docid_ = std::max(target, ranges_[range_].begin);
  }

  bool matches() override { return glob_.is_prefix_only() || glob_.matches(path(docid_)); }

  std::uint64_t cost() const override { return num_docs_; }

 private:
  struct Range {
    std::uint32_t begin, end;
  };

  void add_range(std::uint64_t begin, std::uint64_t end) {
    const std::string& prefix = glob_.prefix();
    if (!prefix.empty()) {
      begin = first_path_where(paths_, begin, end,
                               [&](const std::string& path) { return path >= prefix; });
      end = first_path_where(paths_, begin, end,
                             [&](const std::string& path) { return !path.starts_with(prefix); });
    }
    if (begin == end) return;
    ranges_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
    num_docs_ += end - begin;
  }

  /// Neighbours are cheap: a block of paths is read on from where it was left.
  std::string_view path(std::uint32_t docid) {
    const std::uint64_t block = docid / kPathsPerBlock;
    if (!reader_ || block != next_docid_ / kPathsPerBlock || docid < next_docid_) {
      reader_.emplace(paths_, block);
      next_docid_ = block * kPathsPerBlock;
    }
    for (; next_docid_ <= docid; ++next_docid_) reader_->next();
    return reader_->path();
  }

  const PathReader& paths_;
  const PathGlob& glob_;
  std::vector<Range> ranges_;
  std::size_t range_ = 0;
  std::uint64_t num_docs_ = 0;
  std::optional<spimi::PathIterator> reader_;
  std::uint64_t next_docid_ = 0;
};

}  // namespace

std::unique_ptr<DocIterator> make_path_iterator(const PlanNode& node,
                                                const SearchContext& context) {
  return std::make_unique<PathFilterIterator>(node, context);
}

}  // namespace spimi
