// index TOKENS INDEX_DIR: indexes the lines of what spimi_write_tokens wrote with Xapian, with positions. serve
// INDEX_DIR: answers the lines of the search-benchmark-game on standard input. A query is terms and phrases with a sign
// or none.

#include <xapian.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kMaxTermBytes = 245;  // Xapian's own

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::min(text.find(' ', i), text.size());
    if (end > i) words.emplace_back(text.substr(i, end - i));
    i = end + 1;
  }
  return words;
}

void index(const std::string& tokens, const std::string& out) {
  const std::string uncompacted = out + ".uncompacted";
  {
    Xapian::WritableDatabase database(uncompacted, Xapian::DB_CREATE_OR_OVERWRITE);
    std::ifstream lines(tokens, std::ios::binary);
    if (!lines) throw std::runtime_error(tokens + ": cannot open");
    for (std::string line; std::getline(lines, line);) {
      Xapian::Document document;
      Xapian::termpos position = 0;
      for (const std::string& word : words_of(line)) {
        ++position;
        if (word.size() <= kMaxTermBytes) document.add_posting(word, position);
      }
      database.add_document(document);
    }
    database.commit();
  }
  Xapian::Database(uncompacted).compact(out, Xapian::DBCOMPACT_NO_RENUMBER);
  std::filesystem::remove_all(uncompacted);
}

/// As Lucene understands "+a b": with something required, the rest only adds to scores.
Xapian::Query parse(std::string_view text) {
  std::vector<Xapian::Query> must, should, excluded;
  for (std::size_t i = 0; i < text.size();) {
    char sign = 0;
    if (text[i] == '+' || text[i] == '-') sign = text[i++];
    Xapian::Query clause;
    if (text[i] == '"') {
      const std::size_t end = text.find('"', i + 1);
      const std::vector<std::string> words = words_of(text.substr(i + 1, end - i - 1));
      clause = Xapian::Query(Xapian::Query::OP_PHRASE, words.begin(), words.end(), words.size());
      i = end + 1;
    } else {
      const std::size_t end = std::min(text.find(' ', i), text.size());
      clause = Xapian::Query(std::string(text.substr(i, end - i)));
      i = end;
    }
    (sign == '+' ? must : sign == '-' ? excluded : should).push_back(clause);
    while (i < text.size() && text[i] == ' ') ++i;
  }
  const auto joined = [](Xapian::Query::op op, const std::vector<Xapian::Query>& parts) {
    return parts.size() == 1 ? parts[0] : Xapian::Query(op, parts.begin(), parts.end());
  };
  Xapian::Query query = must.empty() ? joined(Xapian::Query::OP_OR, should)
                                     : joined(Xapian::Query::OP_AND, must);
  if (!must.empty() && !should.empty()) {
    query = Xapian::Query(Xapian::Query::OP_AND_MAYBE, query,
                          joined(Xapian::Query::OP_OR, should));
  }
  if (!excluded.empty()) {
    query = Xapian::Query(Xapian::Query::OP_AND_NOT, query,
                          joined(Xapian::Query::OP_OR, excluded));
  }
  return query;
}

void serve(const std::string& directory) {
  const Xapian::Database database(directory);
  Xapian::Enquire enquire(database);
  for (std::string line; std::getline(std::cin, line);) {
    const std::size_t tab = line.find('\t');
    const std::string command = line.substr(0, tab);
    const bool counts = command.ends_with("COUNT");
    const bool ranks = command.starts_with("TOP_");
    if (!counts && !ranks) {
      std::cout << "UNSUPPORTED" << std::endl;
      continue;
    }
    if (ranks) {
      enquire.set_weighting_scheme(Xapian::BM25Weight(1.2, 0, 1, 0.75, 0));
    } else {
      enquire.set_weighting_scheme(Xapian::BoolWeight());
    }
    enquire.set_query(parse(line.substr(tab + 1)));
    const Xapian::doccount k = ranks ? std::stoul(command.substr(4)) : 0;
    const Xapian::MSet found = enquire.get_mset(0, k, counts ? database.get_doccount() : 0);
    std::cout << (counts ? found.get_matches_estimated() : 1) << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "index" && argc == 4) {
    index(argv[2], argv[3]);
  } else if (command == "serve" && argc == 3) {
    serve(argv[2]);
  } else if (command == "version" && argc == 2) {
    std::cout << "Xapian " << Xapian::version_string() << '\n';
  } else {
    std::cerr << "usage: xapian_queries index TOKENS INDEX_DIR, or serve INDEX_DIR, or version\n";
    return 2;
  }
} catch (const Xapian::Error& error) {
  std::cerr << "xapian_queries: " << error.get_description() << '\n';
  return 1;
} catch (const std::exception& error) {
  std::cerr << "xapian_queries: " << error.what() << '\n';
  return 1;
}
