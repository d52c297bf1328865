// Damage of every byte of an index is found or harmless: never a crash, never a wrong answer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "spimi/error.h"
#include "spimi/index.h"
#include "support/random_text.h"
#include "support/sanitized.h"
#include "support/segment_builder.h"
#include "support/temporary_directory.h"

namespace spimi::testing {
namespace {

using ::testing::HasSubstr;

/// The release damages every byte, or one of this many.
constexpr std::size_t kStep = kSanitized ? 15 : 1;

class DamageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    index_ = random_test_index(random_, 140, {2, 130}, true);
    write(index_);
  }

  void write(const TestIndex& index) {
    files_ = index_files(index);
    id_ = build_id_of(files_);
    write_files(files_, directory_.path());
  }

  void rewrite(const std::string& name, const std::string& bytes) {
    // Some file systems flush a file that is truncated and written again: slow, some thousand
    // times.
    std::filesystem::remove(directory_.path(name));
    directory_.write_file(name, bytes);
  }

  std::string segment_path(const std::string& name) const { return "segment-" + id_ + "/" + name; }

  /// The first problem that opening and checking find; empty if there is none.
  std::string problem() {
    try {
      std::string first;
      const Index index = Index::open(directory_.path());
      const bool sound = index.check([&](const Problem& problem) {
        if (first.empty()) first = problem.path + ": " + problem.what;
      });
      EXPECT_EQ(sound, first.empty());
      return first;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt) << error.what();
      return error.what();
    }
  }

  /// All that checking finds, a line each.
  std::string problems() {
    std::string all;
    Index::open(directory_.path()).check([&](const Problem& problem) {
      all += problem.path + ": " + problem.what + "\n";
    });
    return all;
  }

  /// Changes a file's payload and makes the checksums right again, all but the build id.
  template <typename Change>
  void reseal(const std::string& name, const std::string& kind, Change change) {
    const std::string& bytes = files_[segment_path(name)];
    std::string payload = bytes.substr(64, bytes.size() - 64 - 8);  // One page.
    change(payload);
    rewrite(segment_path(name), segment_file(kind, id_, payload));
  }

  /// Reads all that can be asked of an index, as far as it goes. Every failure must be
  /// Error(kCorrupt).
  void use() {
    const auto attempt = [](auto action) {
      try {
        action();
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kCorrupt) << error.what();
      }
    };
    attempt([&] {
      const Index index = Index::open(directory_.path());
      std::vector<std::string> all;
      attempt([&] {
        for (TermIterator terms = index.terms(); terms.next();) {
          all.emplace_back(terms.term());
          attempt([&] {
            Cursor cursor = index.cursor(terms.info());
            while (cursor.next() != Cursor::kEnd) (void)cursor.positions();
          });
        }
      });
      attempt([&] { index.search({"df130"}, 3); });
      attempt([&] { index.search({"df130", "df2"}, 3); });
      attempt([&] { index.search(all, 10); });
      attempt([&] { index.count(all); });
      for (std::uint32_t docid = 0; docid < index.info().num_docs; docid += 13) {
        attempt([&] { index.path(docid); });
      }
    });
  }

  const std::uint64_t seed_ = test_seed();
  ::testing::ScopedTrace trace_{__FILE__, __LINE__, "SPIMI_TEST_SEED=" + std::to_string(seed_)};
  Random random_{seed_};
  TestIndex index_;
  std::map<std::string, std::string> files_;
  std::string id_;
  TemporaryDirectory directory_;
};

TEST_F(DamageTest, AnUndamagedIndexHasNoProblem) {
  EXPECT_EQ(problem(), "");
  write(random_test_index(random_, 2000, {1, 127, 128, 129, 256, 1000, 1999}, true));
  EXPECT_EQ(problem(), "");
  write(random_test_index(random_, 2000, {1, 127, 128, 129, 256, 1000, 1999}, false));
  EXPECT_EQ(problem(), "");
  write(TestIndex{});
  EXPECT_EQ(problem(), "");
}

TEST_F(DamageTest, EveryFlippedByteIsFound) {
  for (const auto& [name, bytes] : files_) {
    for (std::size_t i = random_below(random_, kStep); i < bytes.size(); i += kStep) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ 1 << random_below(random_, 8));
      rewrite(name, damaged);
      ASSERT_NE(problem(), "") << name << ", byte " << i;
    }
    rewrite(name, bytes);
  }
}

TEST_F(DamageTest, EveryTruncationAndAnAppendedByteIsFound) {
  for (const auto& [name, bytes] : files_) {
    for (std::size_t size = random_below(random_, kStep); size < bytes.size(); size += kStep) {
      rewrite(name, bytes.substr(0, size));
      ASSERT_NE(problem(), "") << name << ", size " << size;
    }
    rewrite(name, bytes + '\0');
    ASSERT_NE(problem(), "") << name;
    rewrite(name, bytes);
  }
}

TEST_F(DamageTest, EveryMissingFileIsFound) {
  for (const auto& [name, bytes] : files_) {
    if (name == "manifest") continue;
    std::filesystem::remove(directory_.path(name));
    EXPECT_THAT(problem(), HasSubstr("missing"));
    rewrite(name, bytes);
  }
}

TEST_F(DamageTest, GoesOnAfterAProblemAndNamesEachOnce) {
  std::string& paths = files_[segment_path("paths")];
  std::string& positions = files_[segment_path("positions")];
  paths[70] = static_cast<char>(paths[70] ^ 1);
  positions[70] = static_cast<char>(positions[70] ^ 1);
  write_files(files_, directory_.path());
  std::vector<std::string> found;
  EXPECT_FALSE(Index::open(directory_.path()).check([&](const Problem& problem) {
    found.push_back(problem.path + " " + std::to_string(problem.offset) + " " + problem.what);
  }));
  EXPECT_EQ(
      found,
      (std::vector<std::string>{
          directory_.path(segment_path("paths")) + " 64 the page's checksum does not match",
          directory_.path(segment_path("positions")) + " 64 the page's checksum does not match"}));
}

/// Damage whose checksums were made right again: what a faulty writer, or a hostile one, could
/// leave.
TEST_F(DamageTest, SealedDamageIsFoundAndNeverReadsOutOfBounds) {
  const char* const parts[][2] = {{"paths", "PATH"}, {"paths.index", "PIDX"}, {"lengths", "DLEN"},
                                  {"terms", "TERM"}, {"terms.index", "TIDX"}, {"postings", "POST"},
                                  {"skips", "SKIP"}, {"positions", "POSN"}};
  const auto damage = [&](const char* name, const char* kind) {
    for (std::size_t round = 0; round < 150 / kStep; ++round) {
      reseal(name, kind, [&](std::string& payload) {
        char& byte = payload[random_below(random_, payload.size())];
        byte = static_cast<char>(byte ^ (1 + random_below(random_, 255)));
      });
      ASSERT_NE(problem(), "") << name;  // At least the build id.
      use();
    }
    rewrite(segment_path(name), files_[segment_path(name)]);
  };
  for (const auto& [name, kind] : parts) damage(name, kind);
  // So many documents that a block of df130 is not a bitmap.
  std::filesystem::remove_all(directory_.path("segment-" + id_));
  write(random_test_index(random_, 1200, {2, 130, 400}, true));
  damage("postings", "POST");
  damage("skips", "SKIP");
}

// What only `check` can see: everything reads well, but does not agree. Without a damaged page,
// whose report would hide whether the rule is looked at.

TEST_F(DamageTest, ALengthThatIsNotTheSumOfTfsIsFound) {
  const std::uint32_t docid = index_.lists["df2"][0].docid;
  --index_.documents[docid].length;
  ++index_.documents[docid + 1].length;
  write(index_);
  EXPECT_THAT(problems(),
              HasSubstr("the tfs of document " + std::to_string(docid) + " exceed its length"));
}

TEST_F(DamageTest, TokensThatNoListHasAreFound) {
  ++index_.documents[3].length;
  write(index_);
  EXPECT_THAT(problems(), HasSubstr("the dfs and cfs of all terms are not the index's totals"));
}

TEST_F(DamageTest, AnEmptyPathIsFound) {
  index_.documents[3].path.clear();
  write(index_);
  EXPECT_THAT(problems(), HasSubstr("document 3 has an empty path"));
}

TEST_F(DamageTest, APositionThatDoesNotFitIsFound) {
  // The gap between them is computed modulo 2^32, and comes out as one that leads to 2^32.
  index_.lists["df2"][0].positions = {1, 0};
  index_.documents[index_.lists["df2"][0].docid].length += 2 - index_.lists["df2"][0].tf;
  index_.lists["df2"][0].tf = 2;
  write(index_);
  EXPECT_THAT(problems(), HasSubstr("a position does not fit in 32 bits"));
}

TEST_F(DamageTest, AWrongSkipEntryIsFound) {
  const auto damage = [&](std::size_t at) {
    reseal("skips", "SKIP", [&](std::string& payload) { payload[at] = payload[at] == 5 ? 6 : 5; });
    return problems();
  };
  // One list has an entry, of one block.
  const std::size_t position_index = 1 + 4 + 2 + 1;
  EXPECT_THAT(damage(0), HasSubstr("the max_impact of a block is not that of its postings"));
  EXPECT_THAT(damage(position_index),
              HasSubstr("a skip entry names the wrong place in the positions"));
  const std::size_t end = files_[segment_path("skips")].size() - 64 - 8;
  EXPECT_THAT(damage(end - 5), HasSubstr("the max_impact of a block is not that of its postings"));
  for (std::size_t rank = 0; rank < 4; ++rank) {
    EXPECT_THAT(damage(end - 4 + rank),
                HasSubstr("the impact of a rank is not that of its posting"));
  }
}

TEST_F(DamageTest, TheImpactOfATailThatIsNotThereIsFound) {
  std::filesystem::remove_all(directory_.path("segment-" + id_));
  write(random_test_index(random_, 140, {2, 128}, true));
  reseal("skips", "SKIP", [&](std::string& payload) { payload[payload.size() - 5] = 1; });
  EXPECT_THAT(problems(), HasSubstr("a tail that is not there has an impact"));
}

TEST_F(DamageTest, BytesAfterTheLastListAreFound) {
  const char* const parts[][2] = {{"postings", "POST"}, {"skips", "SKIP"}, {"positions", "POSN"}};
  for (const auto& [name, kind] : parts) {
    reseal(name, kind, [](std::string& payload) { payload += '\1'; });
    EXPECT_THAT(problems(), HasSubstr(std::string(name) + ": there are bytes after the last list"));
    rewrite(segment_path(name), files_[segment_path(name)]);
  }
}

TEST_F(DamageTest, TermBlocksThatDoNotFollowOnEachOtherAreFound) {
  const std::size_t second_block =
      static_cast<unsigned char>(files_[segment_path("terms.index")][80]) +
      256 * static_cast<unsigned char>(files_[segment_path("terms.index")][81]);
  reseal("terms", "TERM", [&](std::string& payload) {
    // The first term of the block begins with x, as do those around it.
    payload[payload.find('x', second_block)] = 'a';
  });
  EXPECT_THAT(problems(), HasSubstr("the first term of a block is not that of its entry"));
  reseal("terms.index", "TIDX", [](std::string& payload) { payload[16 + 8] = 'a'; });
  EXPECT_THAT(problems(), HasSubstr("the terms are not in ascending order"));
  rewrite(segment_path("terms.index"), files_[segment_path("terms.index")]);
  reseal("terms", "TERM", [&](std::string& payload) { payload[second_block + 1] ^= 1; });
  EXPECT_THAT(problems(), HasSubstr("the lists of a term block do not follow on those before"));
}

TEST_F(DamageTest, WrongTotalsInTheManifestAreFound) {
  const char* const changes[][2] = {{"num_postings", "the dfs and cfs of all terms are not"},
                                    {"num_tokens", "the lengths of all documents are not"}};
  for (const auto& [key, message] : changes) {
    std::string manifest = files_["manifest"];
    manifest.resize(manifest.rfind("checksum "));
    const std::size_t at = manifest.find(',', manifest.find("\"" + std::string(key) + "\":")) - 1;
    manifest[at] = manifest[at] == '9' ? '8' : static_cast<char>(manifest[at] + 1);
    rewrite("manifest", seal_manifest(manifest));
    EXPECT_THAT(problems(), HasSubstr(message)) << key;
  }
}

}  // namespace
}  // namespace spimi::testing
