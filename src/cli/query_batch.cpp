#include "cli/query_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <fstream>
#include <iostream>
#include <mutex>
#include <vector>

#include "base/os_error.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "indexer/threads.h"

namespace spimi::cli {
namespace {

/// Queries that are answered before their answers are printed; fewer if they have more hits than
/// that together.
constexpr std::size_t kQueriesAtOnce = 256;
constexpr std::uint64_t kHitsAtOnce = std::uint64_t{1} << 18;

struct Topic {
  std::string name;
  std::string query;
};

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

/// Reads topics one by one, in either form.
class TopicReader {
 public:
  explicit TopicReader(const std::string& file) : path_(file) {
    if (file != "-") {
      stream_.open(file, std::ios::binary);
      if (!stream_) throw os_error(file, "cannot open it");
    }
  }

  bool next(Topic& topic) {
    for (std::string line; get(line);) {
      if (trimmed(line) == "<top>") {
        topic = trec_topic();
        return true;
      }
      if (trimmed(line).empty()) continue;
      if (!line.empty() && line.back() == '\r') line.pop_back();
      const std::size_t tab = line.find('\t');
      if (tab == std::string::npos) {
        topic = {std::to_string(line_number_), line};
      } else {
        topic = {line.substr(0, tab), line.substr(tab + 1)};
      }
      return true;
    }
    return false;
  }

 private:
  bool get(std::string& line) {
    std::istream& in = path_ == "-" ? std::cin : stream_;
    errno = 0;
    if (std::getline(in, line)) {
      ++line_number_;
      return true;
    }
    if (in.bad() || !in.eof()) throw os_error(path_, "cannot read");
    return false;
  }

  /// From behind <top> to </top>. A field ends where the next tag begins.
  Topic trec_topic() {
    Topic topic;
    std::string* field = nullptr;
    for (std::string line; get(line);) {
      std::string_view text = line;
      if (trimmed(text) == "</top>") break;
      if (text.starts_with('<')) {
        const std::size_t end = std::min(text.find('>'), text.size() - 1);
        const std::string_view tag = text.substr(1, end - 1);
        field = tag == "num" ? &topic.name : (tag == "title" ? &topic.query : nullptr);
        text.remove_prefix(end + 1);
      }
      if (field == nullptr) continue;
      for (const std::string_view label : {"Number:", "Topic:"}) {
        const std::string without = trimmed(text);
        if (without.starts_with(label)) text.remove_prefix(text.find(label) + label.size());
      }
      text = text.substr(0, text.find("</"));
      const std::string value = trimmed(text);
      if (!field->empty() && !value.empty()) *field += ' ';
      *field += value;
    }
    return topic;
  }

  std::string path_;
  std::ifstream stream_;
  std::uint64_t line_number_ = 0;
};

struct Answer {
  std::string lines;
  std::string problem;
};

/// With `streams` the lines go to stdout as they come, and not into the answer.
Answer answer(const Index& index, const QueryPrinter& printer, const BatchOptions& options,
              const Topic& topic, bool streams) {
  Answer answer;
  try {
    const Query query = index.query(topic.query, options.query);
    if (options.count) {
      printer.print_count(topic.name, query.count(), answer.lines);
      return answer;
    }
    if (streams) {
      printer.print_all(query, topic.name, query.search(QueryPrinter::first_part(options.num_hits)),
                        options.num_hits);
      return answer;
    }
    QueryPrinter::Progress progress;
    for (const Hit& hit : query.search(options.num_hits)) {
      printer.print(query, topic.name, hit, progress, answer.lines);
    }
  } catch (const QueryError& error) {
    answer.problem =
        fmt::format("topic {}: {}", escape_bytes(topic.name), query_error_text(topic.query, error));
  }
  return answer;
}

/// Answers `topics`, any thread the next one.
std::vector<Answer> answer_all(const Index& index, const QueryPrinter& printer,
                               const BatchOptions& options, const std::vector<Topic>& topics) {
  std::vector<Answer> answers(topics.size());
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&](unsigned) {
    try {
      for (std::size_t i; (i = next.fetch_add(1)) < topics.size();) {
        answers[i] = answer(index, printer, options, topics[i], topics.size() == 1);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      next = topics.size();
    }
  };
  const auto num_threads =
      static_cast<unsigned>(std::min<std::size_t>(options.num_threads, topics.size()));
  run_in_threads(num_threads, work);
  if (failure) std::rethrow_exception(failure);
  return answers;
}

}  // namespace

int run_batch(const Index& index, const QueryPrinter& printer, const BatchOptions& options,
              const Console& console) {
  TopicReader reader(options.file);
  Output output;
  bool all_read = true;
  const std::uint64_t num_lines = options.count ? 1 : std::max<std::uint64_t>(options.num_hits, 1);
  const auto num_at_once = static_cast<std::size_t>(
      std::clamp<std::uint64_t>(kHitsAtOnce / num_lines, 1, kQueriesAtOnce));
  for (bool more = true; more;) {
    std::vector<Topic> topics;
    for (Topic topic; topics.size() < num_at_once && (more = reader.next(topic));) {
      topics.push_back(std::move(topic));
    }
    for (const Answer& answer : answer_all(index, printer, options, topics)) {
      output.append(answer.lines);
      if (answer.problem.empty()) continue;
      console.error(answer.problem);
      all_read = false;
    }
    output.flush();
  }
  return all_read ? kExitDone : kExitUsage;
}

}  // namespace spimi::cli
