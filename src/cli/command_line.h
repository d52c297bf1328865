#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"
#include "spimi/error.h"

namespace spimi::cli {

/// A command line that makes no sense. The program adds where to read more.
class UsageError : public Error {
 public:
  explicit UsageError(std::string_view message) : Error(ErrorKind::kUsage, {}, message) {}
};

/// The texts of a command's help. Lines end in "\n".
struct HelpText {
  std::string_view name;  ///< "build".
  std::string_view description;
  std::string_view examples;
  std::string_view usage;  ///< "spimi build [OPTIONS] CORPUS_DIR OUT_DIR\n".
  std::string_view notes;  ///< After the options; may be empty.
};

/// The options of one command: what they are called, where their values go, and what the help says
/// of them. Values keep what they have unless their option is given; the help shows that as the
/// default. `names` is "-m,--memory" or "--force"; an option without `text` is not in the help. Of
/// one given twice the last counts.
class CommandLine {
 public:
  explicit CommandLine(const HelpText& help);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// Begins a titled group of options in the help.
  void group(std::string_view title);

  void flag(std::string_view names, bool& value, std::string_view text);
  /// A size as parse_size reads it.
  void size(std::string_view names, std::uint64_t& value, std::string_view text);
  void number(std::string_view names, std::uint64_t& value, std::uint64_t min, std::uint64_t max,
              std::string_view text);
  /// A number with a fraction, from `min` to `max`.
  void real(std::string_view names, double& value, double min, double max, std::string_view text);
  void text(std::string_view names, std::string_view metavar, std::string& value,
            std::string_view text);
  /// May be given several times; all count.
  void texts(std::string_view names, std::string_view metavar, std::vector<std::string>& values,
             std::string_view text);
  /// One of `words`; `value` is its index.
  void choice(std::string_view names, std::span<const std::string_view> words, std::size_t& value,
              std::string_view text);
  void when(std::string_view names, When& value, std::string_view text);
  /// --json, -q, -v and --color, in a group of their own.
  void console_options(Console& console);

  /// Reads the arguments behind the command's name, and moves those that are no options to
  /// `operands`. False if help was asked for and printed. Throws UsageError.
  bool parse(std::vector<std::string> arguments, std::vector<std::string>& operands);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Throws UsageError unless there is one operand for each name, as in {"CORPUS_DIR", "OUT_DIR"}.
void expect_operands(const std::vector<std::string>& operands,
                     std::span<const std::string_view> names);

/// The common part of every help.
extern const std::string_view kExitCodesHelp;

}  // namespace spimi::cli
