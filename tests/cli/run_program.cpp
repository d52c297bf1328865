#include "cli/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace spimi::testing {
namespace {

using namespace std::chrono_literals;

// Longer than any test takes, also those of scripts/limits_test.sh: a program that hangs dies of
// SIGALRM, and its test fails. It is counted in ticks: while both are stopped, none passes.
const std::chrono::seconds kTimeout = std::getenv("SPIMI_LARGE") != nullptr ? 30min : 1min;
constexpr auto kTick = 1s;

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  return {ends[0], ends[1]};
}

Pipe make_terminal() {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) {
    throw std::runtime_error("posix_openpt");
  }
  std::array<char, 128> name{};
  if (::ptsname_r(master, name.data(), name.size()) != 0) throw std::runtime_error("ptsname_r");
  return {master, ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
}

/// Appends what the descriptor gives; closes it at its end.
void drain(int& fd, std::string& text) {
  std::array<char, 65536> buffer;
  const ssize_t size = ::read(fd, buffer.data(), buffer.size());
  if (size < 0 && errno == EINTR) return;
  if (size <= 0) {  // A terminal whose other end is closed gives EIO.
    ::close(fd);
    fd = -1;
    return;
  }
  text.append(buffer.data(), static_cast<std::size_t>(size));
}

/// Types what is to be typed, as far as the output has come.
class Typist {
 public:
  explicit Typist(const std::vector<std::pair<std::string, std::string>>& typed) : typed_(typed) {}

  void react(int terminal, const std::string& output) {
    while (next_ < typed_.size()) {
      const auto& [awaited, keys] = typed_[next_];
      const std::size_t found = output.find(awaited, seen_);
      if (found == std::string::npos) return;
      seen_ = found + awaited.size();
      ++next_;
      wait_for_keys(terminal);
      if (::write(terminal, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) {
        throw std::runtime_error("cannot type");
      }
    }
  }

 private:
  /// libedit prints the prompt just before it turns to single keys; ^C and ^D mean other things
  /// before that.
  static void wait_for_keys(int terminal) {
    termios mode{};
    for (int i = 0; i < 10'000; ++i) {
      if (::tcgetattr(terminal, &mode) == 0 && (mode.c_lflag & ICANON) == 0) return;
      ::usleep(1000);
    }
    throw std::runtime_error("the program reads no keys");
  }

  const std::vector<std::pair<std::string, std::string>>& typed_;
  std::size_t next_ = 0, seen_ = 0;
};

}  // namespace

CliTest::CliTest(const std::string& base) : directory_(base) {
  directory_.make_directory("home");
  directory_.make_directory("state");
}

std::string CliTest::path(std::string_view relative) const {
  return (std::filesystem::canonical(directory_.path()) / relative).string();
}

void CliTest::write_corpus() const {
  directory_.write_file("corpus/a.txt", "Cat dog cat\n");
  directory_.write_file("corpus/sub/b.txt", "The dog.\n");
  directory_.write_file("corpus/z.md", "na\xc3\xafve Cat\n");
}

void CliTest::build_index() const {
  write_corpus();
  const RunResult result = run({"build", "-q", "corpus", "index"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
}

RunResult CliTest::run(std::vector<std::string> arguments, const RunOptions& options) const {
  std::vector<std::string> environment{"PATH=/usr/bin:/bin", "HOME=" + path("home"),
                                       "XDG_STATE_HOME=" + path("state"), "TERM=xterm"};
  for (const auto& [name, value] : options.environment) {
    const std::string prefix = name + "=";
    std::erase_if(environment, [&](const std::string& entry) {
      return entry.compare(0, prefix.size(), prefix) == 0;
    });
    environment.push_back(prefix + value);
  }
  for (const char* name :
       {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "TMPDIR", "LLVM_PROFILE_FILE"}) {
    if (const char* value = ::getenv(name)) environment.push_back(std::string(name) + "=" + value);
  }
  arguments.insert(arguments.begin(), SPIMI_PROGRAM);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (std::string& entry : environment) envp.push_back(entry.data());
  envp.push_back(nullptr);
  const std::string work = options.directory.empty() ? directory_.path() : options.directory;

  const bool on_terminal = !options.typed.empty();
  Pipe out = on_terminal ? make_terminal() : make_pipe();
  Pipe err = options.stderr_is_terminal ? make_terminal() : make_pipe();
  if (options.close_stdout_reader) {
    // Before there is a child: it could write while this process still has the other end.
    ::close(out.read_end);
    out.read_end = -1;
  }
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork");
  if (pid == 0) {
    const int out_fd = options.stdout_path.empty()
                           ? out.write_end
                           : ::open(options.stdout_path.c_str(), O_WRONLY | O_CLOEXEC);
    const int in_fd =
        on_terminal ? out.write_end : ::open(options.stdin_path.c_str(), O_RDONLY | O_CLOEXEC);
    const int err_fd = on_terminal ? out.write_end : err.write_end;
    ::signal(SIGPIPE, options.ignore_sigpipe ? SIG_IGN : SIG_DFL);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::signal(number, SIG_DFL);
    if (options.in_child) options.in_child();
    if (::chdir(work.c_str()) == 0 && ::dup2(in_fd, 0) == 0 && ::dup2(out_fd, 1) == 1 &&
        ::dup2(err_fd, 2) == 2) {
      ::execve(SPIMI_PROGRAM, argv.data(), envp.data());
    }
    ::_exit(127);
  }
  ::close(out.write_end);
  ::close(err.write_end);
  if (options.while_running) options.while_running(pid);

  RunResult result;
  Typist typist(options.typed);
  std::chrono::seconds waited{};
  while (out.read_end >= 0 || err.read_end >= 0) {
    // A descriptor of -1 is passed over.
    std::array<pollfd, 2> fds{{{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}}};
    const int ready = ::poll(fds.data(), fds.size(), kTick / 1ms);
    if (ready == 0 && (waited += kTick) == kTimeout) ::kill(pid, SIGALRM);
    if (ready <= 0) continue;
    if (fds[0].revents != 0) drain(out.read_end, result.out);
    if (out.read_end >= 0) typist.react(out.read_end, result.out);
    if (fds[1].revents != 0) drain(err.read_end, result.err);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

}  // namespace spimi::testing
