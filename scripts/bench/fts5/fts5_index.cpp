// index FILE_LIST INDEX_DIR: indexes the files of the list with SQLite's FTS5, with positions (detail=full), without
// the texts themselves (contentless). stats INDEX_DIR: what it holds, as JSON.

#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

class Database {
 public:
  explicit Database(const std::string& path) {
    check(sqlite3_open(path.c_str(), &db_));
  }
  ~Database() { sqlite3_close(db_); }
  void run(const char* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
  sqlite3_stmt* prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr));
    return statement;
  }
  void check(int code) {
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) {
      throw std::runtime_error(sqlite3_errmsg(db_));
    }
  }
  long long number(const char* sql) {
    sqlite3_stmt* statement = prepare(sql);
    check(sqlite3_step(statement));
    const long long value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
  }

 private:
  sqlite3* db_ = nullptr;
};

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
  std::filesystem::create_directories(out);
  Database database(out + "/index.db");
  // A new file has nothing to roll back to; the commit is synced all the same.
  database.run(
      "PRAGMA page_size = 16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL;"
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;");
  database.run("CREATE TABLE documents (id INTEGER PRIMARY KEY, path TEXT)");
  database.run(
      "CREATE VIRTUAL TABLE body USING fts5(text, content='', detail=full,"
      " tokenize=\"unicode61 remove_diacritics 0\")");
  // Postings are collected in 256 MiB, as with the other peers; what is written is merged once, in the end.
  database.run(
      "INSERT INTO body(body, rank) VALUES ('hashsize', 268435456), ('pgsz', 16000), ('automerge', 0);");
  database.run("BEGIN");
  sqlite3_stmt* add_path = database.prepare("INSERT INTO documents VALUES (?, ?)");
  sqlite3_stmt* add_text = database.prepare("INSERT INTO body(rowid, text) VALUES (?, ?)");
  std::ifstream files(list, std::ios::binary);
  long long id = 0;
  for (std::string path; std::getline(files, path, '\0');) {
    ++id;
    std::string text = read_file(path);
    for (auto [statement, value] : {std::pair(add_path, &path), std::pair(add_text, &text)}) {
      database.check(sqlite3_bind_int64(statement, 1, id));
      database.check(sqlite3_bind_text64(statement, 2, value->data(), value->size(), SQLITE_STATIC, SQLITE_UTF8));
      database.check(sqlite3_step(statement));
      database.check(sqlite3_reset(statement));
    }
  }
  sqlite3_finalize(add_path);
  sqlite3_finalize(add_text);
  database.run("INSERT INTO body(body) VALUES ('optimize')");
  database.run("COMMIT");
}

void stats(const std::string& index) {
  Database database(index + "/index.db");
  database.run("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, body, row)");
  std::cout << "{\"documents\": " << database.number("SELECT count(*) FROM documents")
            << ", \"terms\": " << database.number("SELECT count(*) FROM terms")
            << ", \"tokens\": " << database.number("SELECT sum(cnt) FROM terms")
            << ", \"version\": \"SQLite " << sqlite3_libversion() << "\"}\n";
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "index" && argc == 4) {
    index(argv[2], argv[3]);
  } else if (command == "stats" && argc == 3) {
    stats(argv[2]);
  } else {
    std::cerr << "usage: fts5_index index FILE_LIST INDEX_DIR, or stats INDEX_DIR\n";
    return 2;
  }
} catch (const std::exception& error) {
  std::cerr << "fts5_index: " << error.what() << '\n';
  return 1;
}
