#include "format/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "spimi/error.h"
#include "support/segment_builder.h"

namespace spimi::testing {
namespace {

using ::testing::HasSubstr;

IndexInfo example() {
  IndexInfo info;
  info.tokenizer = Tokenizer::kAlpha;
  info.unicode_version = "15.0";
  info.max_token_bytes = 255;
  info.positions = true;
  info.num_docs = 4000000000;
  info.num_terms = 7;
  info.num_postings = 9000000000;
  info.num_tokens = 10000000000;
  info.build_id = "0123456789abcdef0123456789abcdef";
  info.roots = {{"/home/a \"b\"", 3999999999}, {"/\xff\\x/\xc3\xa9\n", 1}};
  return info;
}

void expect_equal(const IndexInfo& a, const IndexInfo& b) {
  EXPECT_EQ(a.tokenizer, b.tokenizer);
  EXPECT_EQ(a.unicode_version, b.unicode_version);
  EXPECT_EQ(a.max_token_bytes, b.max_token_bytes);
  EXPECT_EQ(a.positions, b.positions);
  EXPECT_EQ(a.num_docs, b.num_docs);
  EXPECT_EQ(a.num_terms, b.num_terms);
  EXPECT_EQ(a.num_postings, b.num_postings);
  EXPECT_EQ(a.num_tokens, b.num_tokens);
  EXPECT_EQ(a.build_id, b.build_id);
  ASSERT_EQ(a.roots.size(), b.roots.size());
  for (std::size_t i = 0; i < a.roots.size(); ++i) {
    EXPECT_EQ(a.roots[i].path, b.roots[i].path);
    EXPECT_EQ(a.roots[i].num_docs, b.roots[i].num_docs);
  }
}

/// The message of the Error(kCorrupt) that parsing throws; empty if it throws none.
std::string refusal(std::string_view text) {
  try {
    parse_manifest("some/manifest", text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    EXPECT_EQ(error.path(), "some/manifest");
    return error.what();
  }
  return {};
}

/// The example with one piece of its JSON replaced and the checksum made right again.
std::string with_replaced(const std::string& from, const std::string& to) {
  std::string text = manifest_text(example());
  text.resize(text.rfind("checksum "));
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return seal_manifest(text.replace(at, from.size(), to));
}

TEST(Manifest, IsTheDocumentedText) {
  std::string text = manifest_text(example());
  const std::string body =
      "spimi index, format 4\n"
      R"({"build_id":"0123456789abcdef0123456789abcdef","tokenizer":"alpha",)"
      R"("unicode_version":"15.0","max_token_bytes":255,"positions":true,)"
      R"("num_docs":4000000000,"num_terms":7,"num_postings":9000000000,"num_tokens":10000000000,)"
      R"("roots":[{"root":"/home/a \"b\"","num_docs":3999999999},)"
      R"({"root":"/\\xff\\x5cx/)"
      "\xc3\xa9"
      R"(\\x0a","num_docs":1}]})"
      "\n";
  EXPECT_EQ(text, seal_manifest(body));
}

TEST(Manifest, RoundTrips) {
  IndexInfo info = example();
  expect_equal(parse_manifest("m", manifest_text(info)), info);
  info.tokenizer = Tokenizer::kUnicode;
  info.positions = false;
  info.num_docs = info.num_terms = info.num_postings = info.num_tokens = 0;
  info.roots = {{"/empty", 0}};
  expect_equal(parse_manifest("m", manifest_text(info)), info);
}

TEST(Manifest, RefusesEveryTruncation) {
  const std::string text = manifest_text(example());
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_NE(refusal(text.substr(0, size)), "") << size;
  }
}

TEST(Manifest, RefusesEveryFlippedBit) {
  const std::string text = manifest_text(example());
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ 1 << bit);
      EXPECT_NE(refusal(damaged), "") << "byte " << i << ", bit " << bit;
    }
  }
}

TEST(Manifest, RefusesAnAppendedByte) { EXPECT_NE(refusal(manifest_text(example()) + "\n"), ""); }

TEST(Manifest, NamesBothVersionsOfAnotherFormat) {
  EXPECT_THAT(refusal("spimi index, format 7\nwhatever follows"),
              HasSubstr("index format 7, this program reads format 4: build the index again"));
}

TEST(Manifest, NamesAForeignFile) {
  for (const std::string text :
       {"", "hello", "spimi index, format \n", "spimi index, format 01\n"}) {
    EXPECT_THAT(refusal(text), HasSubstr("is not a spimi index manifest")) << text;
  }
}

TEST(Manifest, RefusesFieldsThatAreMissingOfAnotherTypeOrOutOfRange) {
  const std::pair<const char*, const char*> changes[] = {
      {R"("build_id":"0123456789abcdef0123456789abcdef",)", ""},
      {R"("0123456789abcdef0)", R"("0123456789ABCDEF0)"},
      {R"("0123456789abcdef0)", R"("0123456789abcdef)"},
      {R"("alpha")", R"("beta")"},
      {R"("alpha")", "1"},
      {R"("15.0")", "15.0"},
      {"255", "0"},
      {"255", "4097"},
      {"255", "-1"},
      {"255", "255.5"},
      {"true", "1"},
      {"4000000000", "4294967296"},
      {"4000000000", "4000000001"},
      {"9000000000", "10000000001"},
      {R"("num_terms":7)", R"("num_terms":9000000001)"},
      {R"("num_terms":7)", R"("num_terms":7,"num_terms":7)"},
      {R"("num_terms":7)", R"("num_terms":7,"more":7)"},
      {R"("num_terms":7)", R"("num_term":7)"},
      {R"("num_docs":1})", R"("num_docs":2})"},
      {R"("num_docs":1})", R"("num_docs":0})"},
      {R"("num_docs":1})", R"("num_docs":1,"x":0})"},
      {R"(\\x0a)", R"(\\x0)"},
      {R"(\\x0a)", R"(\\y0a)"},
      {"]}", "]"},
      {"]}", "]}{}"},
  };
  ASSERT_EQ(refusal(with_replaced("255", "254")), "") << "the right change must pass";
  for (const auto& [from, to] : changes) {
    EXPECT_NE(refusal(with_replaced(from, to)), "") << from << " -> " << to;
  }
}

}  // namespace
}  // namespace spimi::testing
