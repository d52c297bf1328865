#include "cli/query_prompt.h"

#include <fmt/format.h>
#include <histedit.h>

#include <clocale>
#include <cstdio>
#include <memory>
#include <string_view>

#include "cli/output.h"
#include "cli/query_syntax.h"
#include "cli/state_directory.h"
#include "spimi/error.h"

namespace spimi::cli {
namespace {

constexpr int kHistoryLines = 1000;

constexpr std::string_view kCommands =
    "\n"
    "At the prompt: :help is this, :quit or ^D leaves, ^C clears the line, up and down\n"
    "bring back earlier lines, ^R looks for one.\n";

/// The lines of earlier prompts. Of two prompts at once, the last one to add a line leaves its own.
class LineHistory {
 public:
  explicit LineHistory(const Console& console) : history_(history_init(), history_end) {
    HistEvent event;
    history(history_.get(), &event, H_SETSIZE, kHistoryLines);
    history(history_.get(), &event, H_SETUNIQUE, 1);
    try {
      file_ = make_state_directory() + "/query-history";
      history(history_.get(), &event, H_LOAD, file_.c_str());
    } catch (const Error& error) {
      console.detail(fmt::format("the history is not kept: {}", error.what()));
    }
  }

  History* get() { return history_.get(); }

  /// Saved at once: an answer may be ended by ^C, and the program with it.
  void add(const std::string& line) {
    HistEvent event;
    history(history_.get(), &event, H_ENTER, line.c_str());
    if (!file_.empty()) history(history_.get(), &event, H_SAVE, file_.c_str());
  }

 private:
  std::unique_ptr<History, decltype(&history_end)> history_;
  std::string file_;  ///< Empty if the user has no place for it.
};

/// The editor of libedit, set up for queries.
class LineEditor {
 public:
  explicit LineEditor(LineHistory& lines)
      : editor_(el_init("spimi", stdin, stdout, stderr), el_end) {
    if (editor_ == nullptr) throw Error(ErrorKind::kIo, "standard input", "cannot edit lines");
    EditLine* const editor = editor_.get();
    el_set(
        editor, EL_PROMPT, +[](EditLine*) -> char* {
          static char text[] = "spimi> ";
          return text;
        });
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_HIST, history, lines.get());
    el_set(editor, EL_SIGNAL, 1);  // ^Z and a new size of the window.
    el_source(editor, nullptr);    // ~/.editrc
    el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    // ^C is a key, not a signal, while a line is edited: now, and when libedit takes over changes
    // that were made to the terminal.
    el_set(editor, EL_SETTY, "-d", "intr=", "-intr", nullptr);
    el_set(editor, EL_BIND, "^C", "ed-start-over", nullptr);
  }

  /// False at the end of input.
  bool next(std::string& line) {
    int size = 0;
    const char* const bytes = el_gets(editor_.get(), &size);
    if (bytes == nullptr || size <= 0) return false;
    line.assign(bytes, static_cast<std::size_t>(size));
    return true;
  }

 private:
  std::unique_ptr<EditLine, decltype(&el_end)> editor_;
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

void run_prompt(const std::function<void(const std::string& line)>& answer,
                const Console& console) {
  // Queries are UTF-8 whatever the locale is, and the editor must know where characters end.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  LineHistory history(console);
  LineEditor editor(history);
  for (std::string given; editor.next(given);) {
    const std::string line(trimmed(given));
    if (line.empty()) continue;
    history.add(line);
    if (line == ":quit" || line == ":q") return;
    if (line == ":help" || line == ":h") {
      print(kQuerySyntax);
      print(kCommands);
    } else if (line[0] == ':') {
      console.error(
          fmt::format("'{}' is not a command; there are :help and :quit", escape_bytes(line)));
    } else {
      answer(line);
    }
  }
  print("\n");  // The shell's prompt does not go behind this one.
}

}  // namespace spimi::cli
