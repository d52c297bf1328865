// index FILE_LIST INDEX_DIR: indexes the files of the list with Xapian, with positions and without stemming, and
// compacts the database. stats INDEX_DIR: what it holds, as JSON.
// XAPIAN_FLUSH_THRESHOLD says how many documents are collected in memory.

#include <xapian.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot open");
  file.seekg(0, std::ios::end);
  std::string bytes(static_cast<std::size_t>(file.tellg()), '\0');
  file.seekg(0);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

void index(const std::string& list, const std::string& out) {
  const std::string uncompacted = out + ".uncompacted";
  {
    Xapian::WritableDatabase database(uncompacted, Xapian::DB_CREATE_OR_OVERWRITE);
    Xapian::TermGenerator generator;  // no stemmer: plain lower-cased words
    generator.set_max_word_length(245);
    std::ifstream files(list, std::ios::binary);
    for (std::string path; std::getline(files, path, '\0');) {
      Xapian::Document document;
      document.set_data(path);
      generator.set_document(document);
      generator.set_termpos(0);
      generator.index_text(read_file(path));
      database.add_document(document);
    }
    database.commit();
  }
  Xapian::Database(uncompacted).compact(out, Xapian::DBCOMPACT_NO_RENUMBER);
  std::filesystem::remove_all(uncompacted);
}

void stats(const std::string& index) {
  const Xapian::Database database(index);
  const auto terms = std::distance(database.allterms_begin(), database.allterms_end());
  std::cout << "{\"documents\": " << database.get_doccount() << ", \"terms\": " << terms
            << ", \"tokens\": " << database.get_total_length() << ", \"version\": \"Xapian "
            << Xapian::version_string() << "\"}\n";
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "index" && argc == 4) {
    index(argv[2], argv[3]);
  } else if (command == "stats" && argc == 3) {
    stats(argv[2]);
  } else {
    std::cerr << "usage: xapian_index index FILE_LIST INDEX_DIR, or stats INDEX_DIR\n";
    return 2;
  }
} catch (const Xapian::Error& error) {
  std::cerr << "xapian_index: " << error.get_description() << '\n';
  return 1;
} catch (const std::exception& error) {
  std::cerr << "xapian_index: " << error.what() << '\n';
  return 1;
}
