// The terms of every document of an index, so that other engines can be given the very same ones.
// For scripts/bench.
//
//   spimi_write_tokens INDEX_DIR OUT_FILE
//
// A document a line, in the order of docids; its terms in the order of its text, a blank between
// them. An overlong token is a "_": it takes a position. So is a blank inside of a term.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/file.h"
#include "input/document_reader.h"
#include "spimi/index.h"
#include "text/normalize.h"
#include "text/tokenizer.h"

namespace {

using namespace spimi;

class TermWriter : public TokenSink {
 public:
  TermWriter(std::ofstream& out, Tokenizer kind) : out_(out), kind_(kind) {}

  void take(const TokenBatch& batch) override {
    for (std::size_t i = 0; i < batch.size; ++i) {
      const Token& token = batch.tokens[i];
      if (token.data == nullptr) {
        term_ = "_";
      } else if (kind_ == Tokenizer::kUnicode) {
        make_term({token.data, token.length}, &term_);
      } else {
        term_.assign(token.data, token.length);
      }
      std::replace(term_.begin(), term_.end(), ' ', '_');
      out_ << term_ << ' ';
    }
  }

 private:
  std::ofstream& out_;
  Tokenizer kind_;
  std::string term_;
};

void write_tokens(const char* directory, const char* file) {
  const Index index = Index::open(directory);
  const IndexInfo& info = index.info();
  std::ofstream out(file, std::ios::binary);
  TermWriter writer(out, info.tokenizer);
  ChunkTokenizer tokenizer({info.tokenizer, info.max_token_bytes}, writer);
  DocumentReader reader(BuildOptions{}.chunk_bytes, true, true);
  for (std::uint32_t docid = 0; docid < info.num_docs; ++docid) {
    const std::string path = index.root(docid) + "/" + index.path(docid);
    const std::size_t slash = path.rfind('/');
    WalkEntry entry;
    entry.directory = std::make_shared<const File>(File::open_directory(path.substr(0, slash + 1)));
    entry.name = path.substr(slash + 1);
    entry.path = path;
    if (reader.open(entry) != DocumentReader::Status::kOpen) {
      throw std::runtime_error(path + ": cannot be read any more");
    }
    tokenizer.begin();
    for (;;) {
      const std::span<char> chunk = reader.next_chunk();
      if (chunk.empty()) break;
      tokenizer.add(chunk);
    }
    tokenizer.finish();
    out << '\n';
  }
  if (!out.flush()) throw std::runtime_error(std::string(file) + ": cannot write");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: spimi_write_tokens INDEX_DIR OUT_FILE\n", stderr);
    return 2;
  }
  try {
    write_tokens(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "spimi_write_tokens: %s\n", error.what());
    return 4;
  }
}
