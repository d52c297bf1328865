#include "cli/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <functional>
#include <system_error>

#include "cli/output.h"
#include "cli/parse_size.h"
#include "cli/suggest.h"

namespace spimi::cli {
namespace {

constexpr std::size_t kTextColumn = 28;

/// One option in the help: its names, then its text, of which each line starts at kTextColumn.
std::string help_entry(std::string_view names, std::string_view text) {
  // Options without a short name line up with the long names of the others.
  std::string entry = names.substr(0, 2) == "--" ? "      " : "  ";
  entry += names;
  std::size_t column = entry.size();
  if (column + 2 > kTextColumn) {
    entry += '\n';
    column = 0;
  }
  entry.append(kTextColumn - column, ' ');
  for (const char c : text) {
    entry += c;
    if (c == '\n') entry.append(kTextColumn, ' ');
  }
  return entry + '\n';
}

std::size_t index_of(std::span<const std::string_view> words, std::string_view given) {
  const auto found = std::find(words.begin(), words.end(), given);
  if (found == words.end()) {
    throw UsageError(
        fmt::format("'{}' is not one of {}", escape_bytes(given), fmt::join(words, ", ")));
  }
  return static_cast<std::size_t>(found - words.begin());
}

}  // namespace

const std::string_view kExitCodesHelp =
    "Exit codes: 0 done; 1 query without a match; 2 usage; 3 done, but some input\n"
    "could not be read; 4 I/O or resource error; 5 corrupt or incompatible index;\n"
    "6 index locked by another process.\n";

/// CLI11 splits the arguments into options, their values and the rest. What the values mean, and
/// every message about them, is decided here, after it: so that -h works beside an argument that is
/// wrong, and messages have one form.
struct CommandLine::State {
  struct Value {
    CLI::Option* option;
    std::string name;  ///< The long one, for messages.
    std::function<void(const std::vector<std::string>&)> apply;
  };

  HelpText help;
  CLI::App app;
  CLI::Option* help_flag;
  std::string options_help;
  std::vector<std::string> names;
  std::vector<Value> values;

  explicit State(const HelpText& help_text) : help(help_text) {
    app.set_help_flag();
    app.allow_extras();
    help_flag = app.add_flag("-h,--help");
    names.push_back("--help");
  }

  void add(std::string_view option_names, std::string_view metavar, std::string_view text,
           std::string_view default_text,
           std::function<void(const std::vector<std::string>&)> apply) {
    const std::string spelled(option_names);
    CLI::Option* option = metavar.empty() ? app.add_flag(spelled) : app.add_option(spelled);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    if (!metavar.empty()) option->type_name(std::string(metavar));
    const std::string name = spelled.substr(spelled.find("--"));
    if (!text.empty()) names.push_back(name);
    values.push_back({option, name, std::move(apply)});

    if (text.empty()) return;
    std::string shown = spelled;
    if (const std::size_t comma = shown.find(','); comma != std::string::npos) {
      shown.insert(comma + 1, " ");
    }
    if (!metavar.empty()) shown += fmt::format(" {}", metavar);
    options_help +=
        help_entry(shown, default_text.empty() ? std::string(text)
                                               : fmt::format("{} [{}]", text, default_text));
  }

  [[noreturn]] void fail_unknown_option(std::string_view argument) const {
    const std::string_view name = argument.substr(0, argument.find('='));
    std::string message = fmt::format("unknown option '{}'", escape_bytes(name));
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    const std::string_view meant =
        name.substr(0, 2) == "--" ? suggest(name, candidates) : std::string_view();
    if (!meant.empty()) {
      message += fmt::format("; did you mean '{}'?", meant);
    } else {
      message += "; put -- before an argument that begins with a dash";
    }
    throw UsageError(message);
  }

  std::string help_text() const {
    std::string text = fmt::format("{}\nExamples:\n{}\nUsage:\n{}{}", help.description,
                                   help.examples, help.usage, options_help);
    text += help_entry("-h, --help", "Print this help.");
    if (!help.notes.empty()) text += fmt::format("\n{}", help.notes);
    text += fmt::format("\n{}", kExitCodesHelp);
    return text;
  }
};

CommandLine::CommandLine(const HelpText& help) : state_(std::make_unique<State>(help)) {}
CommandLine::~CommandLine() = default;

void CommandLine::group(std::string_view title) {
  state_->options_help += fmt::format("\n{}:\n", title);
}

void CommandLine::flag(std::string_view names, bool& value, std::string_view text) {
  state_->add(names, {}, text, {}, [&value](const std::vector<std::string>& given) {
    if (given.back() != "true") throw UsageError("it takes no value");
    value = true;
  });
}

void CommandLine::size(std::string_view names, std::uint64_t& value, std::string_view text) {
  state_->add(
      names, "SIZE", text, format_size(value),
      [&value](const std::vector<std::string>& given) { value = parse_size(given.back()); });
}

void CommandLine::number(std::string_view names, std::uint64_t& value, std::uint64_t min,
                         std::uint64_t max, std::string_view text) {
  state_->add(names, "N", text, std::to_string(value),
              [&value, min, max](const std::vector<std::string>& given) {
                const std::string& digits = given.back();
                const char* const end = digits.data() + digits.size();
                std::uint64_t number = 0;
                const auto [after, problem] = std::from_chars(digits.data(), end, number);
                if (problem != std::errc() || after != end || number < min || number > max) {
                  throw UsageError(fmt::format("'{}' is not a number from {} to {}",
                                               escape_bytes(digits), min, max));
                }
                value = number;
              });
}

void CommandLine::real(std::string_view names, double& value, double min, double max,
                       std::string_view text) {
  state_->add(names, "X", text, fmt::format("{:g}", value),
              [&value, min, max](const std::vector<std::string>& given) {
                const std::string& digits = given.back();
                const char* const end = digits.data() + digits.size();
                double number = 0;
                const auto [after, problem] = std::from_chars(digits.data(), end, number);
                if (problem != std::errc() || after != end || !(number >= min && number <= max)) {
                  throw UsageError(fmt::format("'{}' is not a number from {:g} to {:g}",
                                               escape_bytes(digits), min, max));
                }
                value = number;
              });
}

void CommandLine::text(std::string_view names, std::string_view metavar, std::string& value,
                       std::string_view text) {
  state_->add(names, metavar, text, {}, [&value](const std::vector<std::string>& given) {
    // An empty name would read as "not given".
    if (given.back().empty()) throw UsageError("its value is empty");
    value = given.back();
  });
}

void CommandLine::texts(std::string_view names, std::string_view metavar,
                        std::vector<std::string>& values, std::string_view text) {
  state_->add(names, metavar, text, {},
              [&values](const std::vector<std::string>& given) { values = given; });
}

void CommandLine::choice(std::string_view names, std::span<const std::string_view> words,
                         std::size_t& value, std::string_view text) {
  state_->add(names, fmt::format("{}", fmt::join(words, "|")), text, words[value],
              [&value, words](const std::vector<std::string>& given) {
                value = index_of(words, given.back());
              });
}

void CommandLine::when(std::string_view names, When& value, std::string_view text) {
  static constexpr std::string_view kWords[] = {"auto", "always", "never"};
  state_->add(names, fmt::format("{}", fmt::join(kWords, "|")), text,
              kWords[static_cast<std::size_t>(value)],
              [&value](const std::vector<std::string>& given) {
                value = static_cast<When>(index_of(kWords, given.back()));
              });
}

void CommandLine::console_options(Console& console) {
  group("Output");
  flag("--json", console.json, "Write JSON to standard output.");
  flag("-q,--quiet", console.quiet, "Write nothing but errors to standard error.");
  flag("-v,--verbose", console.verbose, "Write more to standard error.");
  when("--color", console.color, "auto: on a terminal, without $NO_COLOR.");
}

bool CommandLine::parse(std::vector<std::string> arguments, std::vector<std::string>& operands) {
  State& state = *state_;
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back.
    state.app.parse(std::move(arguments));
  } catch (const CLI::ParseError& e) {
    throw UsageError(escape_bytes(e.what()));
  }
  if (state.help_flag->count() > 0) {
    print(state.help_text());
    return false;
  }

  bool only_operands = false;
  for (const std::string& argument : state.app.remaining()) {
    if (!only_operands && argument == "--") {
      only_operands = true;
    } else if (!only_operands && argument.size() > 1 && argument[0] == '-' &&
               argument.find_first_not_of('-') != std::string::npos &&
               !(argument[1] >= '0' && argument[1] <= '9')) {
      state.fail_unknown_option(argument);
    } else {
      operands.push_back(argument);
    }
  }

  for (const State::Value& value : state.values) {
    if (value.option->count() == 0) continue;
    try {
      value.apply(value.option->results());
    } catch (const Error& e) {
      throw UsageError(fmt::format("{}: {}", value.name, e.what()));
    }
  }
  return true;
}

void expect_operands(const std::vector<std::string>& operands,
                     std::span<const std::string_view> names) {
  if (operands.size() < names.size()) {
    throw UsageError(fmt::format("{} is missing", names[operands.size()]));
  }
  if (operands.size() > names.size()) {
    throw UsageError(fmt::format("unexpected argument '{}'", escape_bytes(operands[names.size()])));
  }
}

}  // namespace spimi::cli
