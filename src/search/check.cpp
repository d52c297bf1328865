#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "format/build_id.h"
#include "format/impact.h"
#include "search/index_state.h"
#include "spimi/error.h"
#include "spimi/index.h"

namespace spimi {
namespace {

/// Lets go of mapped pages after so many bytes of lists, to keep resident memory low.
constexpr std::uint64_t kReleaseBytes = std::uint64_t{16} << 20;

/// Reads a whole segment and reports what is wrong; after each problem it goes on with the next
/// page, block or list. Beside the mapped pages it holds 4 bytes a document.
class Checker {
 public:
  Checker(const SegmentReader& segment, const IndexInfo& info,
          const std::function<void(const Problem&)>& report)
      : segment_(segment), info_(info), report_(report) {}

  bool run() {
    check_pages();
    check_build_id();
    check_lengths();
    check_paths();
    check_terms();
    if (all_lists_read_) check_totals();
    return reported_.empty();
  }

 private:
  const SegmentFileReader& file(SegmentFile which) const { return segment_.file(which); }

  /// Runs `part`; returns false if it ended with damage, which is reported.
  template <typename Part>
  bool attempt(Part part) {
    try {
      part();
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kCorrupt) throw;
      report(error);
      return false;
    }
  }

  void report(const Error& error) {
    const std::uint64_t offset = error.offset().value_or(0);
    // A damaged page is met again in every entry that touches it.
    if (!reported_.emplace(error.what()).second) return;
    const std::string place =
        escape_bytes(error.path()) + ": offset " + std::to_string(offset) + ": ";
    std::string what = error.what();
    if (what.starts_with(place)) what.erase(0, place.size());
    report_({error.path(), offset, what});
  }

  void check_pages() {
    for (std::size_t i = 0; i < segment_.num_files(); ++i) {
      const SegmentFileReader& reader = file(static_cast<SegmentFile>(i));
      for (std::uint64_t page = 0; page < num_pages(reader.payload_bytes()); ++page) {
        if (!reader.page_is_sound(page)) {
          attempt([&] { reader.corrupt(page * kPageBytes, "the page's checksum does not match"); });
        }
        if ((page + 1) % (kReleaseBytes / kPageBytes) == 0) reader.release();
      }
      reader.release();
    }
  }

  void check_build_id() {
    SegmentDigest digest;
    for (std::size_t i = 0; i < segment_.num_files(); ++i) {
      const SegmentFileReader& reader = file(static_cast<SegmentFile>(i));
      digest[i] = {reader.payload_bytes(), reader.checksum_of_checksums()};
    }
    if (to_hex(compute_build_id(info_, digest)) == info_.build_id) return;
    attempt([&] {
      file(SegmentFile::kPaths)
          .corrupt(0, "the segment's files together are not what its build id says");
    });
  }

  void check_lengths() {
    const SegmentFileReader& lengths = file(SegmentFile::kLengths);
    const bool readable = attempt([&] {
      std::uint64_t sum = 0;
      unseen_tokens_.reserve(static_cast<std::size_t>(segment_.num_docs()));
      for (std::uint64_t docid = 0; docid < segment_.num_docs(); ++docid) {
        unseen_tokens_.push_back(segment_.length(static_cast<std::uint32_t>(docid)));
        sum += unseen_tokens_.back();
      }
      if (sum != info_.num_tokens) {
        lengths.corrupt(0, "the lengths of all documents are not the index's number of tokens");
      }
    });
    if (!readable) all_lists_read_ = false;
  }

  void check_paths() {
    const std::uint64_t num_blocks = (segment_.num_docs() + kPathsPerBlock - 1) / kPathsPerBlock;
    std::uint64_t block = 0;
    while (block < num_blocks) {
      std::uint64_t docid = block * kPathsPerBlock;
      attempt([&] {
        PathIterator paths(segment_.paths(), block);
        for (; paths.next(); ++docid) {
          if (paths.path().empty()) {
            file(SegmentFile::kPaths)
                .corrupt(0, "document " + std::to_string(docid) + " has an empty path");
          }
        }
      });
      block = docid == segment_.num_docs() ? num_blocks : docid / kPathsPerBlock + 1;
    }
    segment_.release();
  }

  void check_terms() {
    const DictionaryReader& dictionary = segment_.dictionary();
    for (std::uint64_t block = 0; block < dictionary.num_blocks(); ++block) {
      const bool readable = attempt([&] {
        TermBlockReader entries = dictionary.block(block);
        for (bool first = true; entries.next(); first = false) {
          if (first) check_follows(entries);
          last_term_ = entries.term();
          last_info_ = entries.info();
          last_known_ = true;
          check_term(entries.info());
        }
      });
      if (!readable) {
        all_lists_read_ = false;
        last_known_ = false;
      }
    }
  }

  /// The first entry of a block against the last of the block before, if that was readable.
  void check_follows(const TermBlockReader& entries) {
    const TermInfo& info = entries.info();
    if (!last_known_) return;
    if (entries.term() <= last_term_) {
      entries.fail("the terms are not in ascending order");
    }
    if (info.postings_offset != last_info_.postings_offset + last_info_.postings_bytes ||
        info.skips_offset != last_info_.skips_offset + last_info_.skips_bytes ||
        info.positions_offset != last_info_.positions_offset + last_info_.positions_bytes) {
      entries.fail("the lists of a term block do not follow on those before");
    }
  }

  void check_term(const TermInfo& info) {
    num_postings_ += info.df;
    num_tokens_ += info.cf;
    if (!attempt([&] { check_list(info); })) all_lists_read_ = false;
    bytes_since_release_ += info.postings_bytes + info.positions_bytes;
    if (bytes_since_release_ > kReleaseBytes) {
      segment_.release();
      bytes_since_release_ = 0;
    }
  }

  void check_list(const TermInfo& info) {
    const SegmentFileReader& postings = file(SegmentFile::kPostings);
    const SegmentFileReader& skips = file(SegmentFile::kSkips);
    PostingsCursor cursor = segment_.postings(info);
    PositionsReader positions;
    if (segment_.has_positions()) positions = segment_.positions(info);
    std::uint64_t cf = 0;
    std::array<std::uint32_t, 256> num_of_impact{};
    while (cursor.next_block()) {
      const auto docids = cursor.block_docids();
      const auto tfs = cursor.block_tfs();
      std::uint8_t max_impact = 0;
      for (std::size_t i = 0; i < docids.size(); ++i) {
        cf += tfs[i];
        if (cf > info.cf) postings.corrupt(info.postings_offset, "the tfs of a list exceed its cf");
        count_tokens(info, docids[i], tfs[i]);
        const std::uint8_t impact = quantize_impact(
            bm25_impact(tfs[i], segment_.length(docids[i]), segment_.average_length()));
        ++num_of_impact[impact];
        max_impact = std::max(max_impact, impact);
        if (segment_.has_positions()) check_positions(positions, info, tfs[i]);
      }
      if (info.df >= kBlockValues && cursor.block_impact() != max_impact) {
        skips.corrupt(info.skips_offset, "the max_impact of a block is not that of its postings");
      }
      if (!cursor.is_tail() && segment_.has_positions() &&
          cursor.positions_behind_block() != positions.place()) {
        skips.corrupt(info.skips_offset, "a skip entry names the wrong place in the positions");
      }
    }
    if (info.df >= kBlockValues) check_impacts(cursor.skips(), info, num_of_impact);
    if (cf != info.cf) {
      postings.corrupt(info.postings_offset, "the tfs of a list do not add up to its cf");
    }
    if (segment_.has_positions() && !positions.at_end()) {
      file(SegmentFile::kPositions)
          .corrupt(info.positions_offset, "a positions list is longer than its positions");
    }
  }

  void check_impacts(const SkipCursor& list_skips, const TermInfo& info,
                     const std::array<std::uint32_t, 256>& num_of_impact) {
    for (const std::size_t rank : kImpactRanks) {
      std::size_t num_above = 0;
      unsigned impact = 255;
      for (; impact > 0 && (num_above += num_of_impact[impact]) < rank; --impact) {
      }
      if (list_skips.impact_of_rank(rank) != impact) {
        file(SegmentFile::kSkips)
            .corrupt(info.skips_offset, "the impact of a rank is not that of its posting");
      }
    }
    if (info.df % kBlockValues == 0 && list_skips.tail_impact() != 0) {
      file(SegmentFile::kSkips)
          .corrupt(info.skips_offset, "a tail that is not there has an impact");
    }
  }

  void count_tokens(const TermInfo& info, std::uint32_t docid, std::uint32_t tf) {
    if (docid >= unseen_tokens_.size()) return;  // The lengths are damaged: reported before.
    if (tf > unseen_tokens_[docid]) {
      file(SegmentFile::kPostings)
          .corrupt(info.postings_offset,
                   "the tfs of document " + std::to_string(docid) + " exceed its length");
    }
    unseen_tokens_[docid] -= tf;
  }

  void check_positions(PositionsReader& positions, const TermInfo& info, std::uint32_t tf) {
    std::uint64_t next = 0;
    for (std::uint32_t left = tf; left > 0;) {
      const auto gaps = positions.take(left);
      left -= static_cast<std::uint32_t>(gaps.size());
      for (const std::uint32_t gap : gaps) next += std::uint64_t{gap} + 1;
    }
    if (next > std::uint64_t{1} << 32) {
      file(SegmentFile::kPositions)
          .corrupt(info.positions_offset, "a position does not fit in 32 bits");
    }
  }

  void check_totals() {
    const auto check_end = [&](SegmentFile which, std::uint64_t end) {
      if (end == file(which).payload_bytes()) return;
      attempt([&] { file(which).corrupt(end, "there are bytes after the last list"); });
    };
    check_end(SegmentFile::kPostings, last_info_.postings_offset + last_info_.postings_bytes);
    check_end(SegmentFile::kSkips, last_info_.skips_offset + last_info_.skips_bytes);
    if (segment_.has_positions()) {
      check_end(SegmentFile::kPositions, last_info_.positions_offset + last_info_.positions_bytes);
    }
    // With that of check_lengths, and no document's tfs above its length, each document's are its
    // length.
    if (num_postings_ != info_.num_postings || num_tokens_ != info_.num_tokens) {
      attempt([&] {
        file(SegmentFile::kTerms)
            .corrupt(0, "the dfs and cfs of all terms are not the index's totals");
      });
    }
  }

  const SegmentReader& segment_;
  const IndexInfo& info_;
  const std::function<void(const Problem&)>& report_;
  std::set<std::string> reported_;

  std::vector<std::uint32_t>
      unseen_tokens_;  ///< For each document its length, less the tfs read so far.
  bool all_lists_read_ = true;
  bool last_known_ =
      true;  ///< Whether the two that follow are of the entry before; both empty before the first.
  std::string last_term_;
  TermInfo last_info_;
  std::uint64_t num_postings_ = 0, num_tokens_ = 0;
  std::uint64_t bytes_since_release_ = 0;
};

}  // namespace

bool Index::check(const std::function<void(const Problem&)>& report) const {
  return Checker(state_->segment, state_->info, report).run();
}

}  // namespace spimi
