#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

#include "spimi/build.h"
#include "spimi/error.h"
#include "support/random_text.h"
#include "support/reference_index.h"
#include "support/segment_builder.h"

namespace spimi::testing {

/// Texts by path. UTF-8 or not, but without NUL bytes and byte order marks.
using Corpus = std::map<std::string, std::string>;

/// Words that vocabularies and sorts find hard, joined by spaces: sharing 8, 16 and more bytes, of
/// 1 to 300 bytes, in several cases; some of them very often.
std::string random_words(Random& random, std::size_t num_words);

/// That many words which all differ: they fill a vocabulary soon.
std::string distinct_words(std::size_t count, std::size_t first = 0);

/// Files in a few directories, some of them empty; words, and fragments of several scripts, among
/// them forms that fold to one term.
Corpus random_corpus(Random& random, std::size_t num_files);

void write_corpus(const Corpus& corpus, const std::filesystem::path& directory);

/// The bytes of every file of the index that holds `corpus`, by an independent encoder.
std::map<std::string, std::string> expected_files(const Corpus& corpus, const std::string& root,
                                                  const BuildOptions& options);

/// Every file below a directory but `lock`, by path relative to it.
std::map<std::string, std::string> files_below(const std::filesystem::path& directory);

/// Fails the test, and says which files differ, unless the two are equal.
void expect_same_files(const std::map<std::string, std::string>& actual,
                       const std::map<std::string, std::string>& expected);

/// Without `manifest`: what does not depend on where the documents were read.
std::map<std::string, std::string> segment_files(std::map<std::string, std::string> files);

/// The kind of the Error that `function` throws; fails the test if it throws none.
template <class Function>
ErrorKind error_kind(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no Error was thrown";
  return ErrorKind::kIo;
}

}  // namespace spimi::testing
