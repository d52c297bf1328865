// Runs a fuzz target without libFuzzer, as a regression test:
//
//   <target> [-runs=N] FILE_OR_DIRECTORY...
//
// first on each file as it is, then on N random changes of them, seeded by $SPIMI_TEST_SEED. The
// input under way is in the file <target>.input of the working directory, where a crash of any kind
// leaves it.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

#include "fuzz/fuzz.h"
#include "support/random_text.h"

namespace spimi::testing {
namespace {

constexpr std::size_t kMaxInputBytes = 4096;
constexpr unsigned kMaxSecondsAnInput = 20;
// Above what the address sanitizer keeps of freed memory; far below what a length that is believed
// could take.
constexpr long kMaxResidentKib = 640 << 10;

std::vector<std::string> read_inputs(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      files.push_back(entry.path().native());
    }
  }
  // The same changes of the same files in every run.
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    if (!in) throw std::runtime_error("cannot read " + file);
  }
  if (inputs.empty()) throw std::runtime_error("no input");
  return inputs;
}

void change(Random& random, const std::vector<std::string>& inputs, std::string& input) {
  static constexpr std::uint8_t kBytes[] = {0, 1, 2, 0x0F, 0x10, 0x7F, 0x80, 0x81, 0xFE, 0xFF};
  const std::size_t at = random_below(random, input.size() + 1);
  const std::size_t length = 1 + random_below(random, 8);
  const auto random_byte = [&] {
    return static_cast<char>(random_below(random, 2) == 0
                                 ? kBytes[random_below(random, std::size(kBytes))]
                                 : random_below(random, 256));
  };
  switch (random_below(random, 8)) {
    case 0:
      input.erase(at, length);
      break;
    case 1:
      input.insert(at, length, random_byte());
      break;
    case 2:
      input.insert(at, input.substr(random_below(random, input.size() + 1), 4 * length));
      break;
    case 3:
      input.resize(at);
      break;
    case 4: {
      const std::string& other = inputs[random_below(random, inputs.size())];
      input.replace(at, std::string::npos, other, random_below(random, other.size() + 1),
                    std::string::npos);
      break;
    }
    case 5:
      input.insert(at, text_fragments()[random_below(random, text_fragments().size())]);
      break;
    case 6:
      for (std::size_t i = at; i < std::min(at + length, input.size()); ++i) {
        input[i] = random_byte();
      }
      break;
    default:
      if (at < input.size())
        input[at] = static_cast<char>(input[at] ^ 1 << random_below(random, 8));
  }
  input.resize(std::min(input.size(), kMaxInputBytes));
}

/// The input under way, in a file that outlives the process.
class Trail {
 public:
  explicit Trail(std::string path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd_ < 0) throw std::runtime_error("cannot write " + path_);
  }
  ~Trail() { ::close(fd_); }
  Trail(const Trail&) = delete;
  Trail& operator=(const Trail&) = delete;

  void run(const std::string& input) {
    if (::pwrite(fd_, input.data(), input.size(), 0) != static_cast<ssize_t>(input.size()) ||
        ::ftruncate(fd_, static_cast<off_t>(input.size())) != 0) {
      throw std::runtime_error("cannot write " + path_);
    }
    ::alarm(kMaxSecondsAnInput);
    // A copy of its exact size, whose ends the address sanitizer guards.
    const std::vector<std::uint8_t> bytes(input.begin(), input.end());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    ::alarm(0);
  }
  void remove() { std::filesystem::remove(path_); }

 private:
  std::string path_;
  int fd_;
};

void replay(const std::string& name, const std::vector<std::string>& arguments) {
  std::size_t num_changed = 0;
  std::vector<std::string> paths;
  for (const std::string& argument : arguments) {
    if (argument.starts_with("-runs=")) {
      num_changed = std::stoul(argument.substr(6));
    } else {
      paths.push_back(argument);
    }
  }
  const std::vector<std::string> inputs = read_inputs(paths);
  std::cout << name << ": " << inputs.size() << " files, " << num_changed
            << " changes, SPIMI_TEST_SEED=" << test_seed() << std::endl;
  Trail trail(name + ".input");
  for (const std::string& input : inputs) trail.run(input);
  Random random(test_seed());
  for (std::size_t i = 0; i < num_changed; ++i) {
    std::string input = inputs[random_below(random, inputs.size())];
    for (std::size_t n = 1 + random_below(random, 6); n > 0; --n) change(random, inputs, input);
    trail.run(input);
  }
  trail.remove();
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  if (usage.ru_maxrss > kMaxResidentKib) {
    throw std::runtime_error("some input took " + std::to_string(usage.ru_maxrss) + " KiB");
  }
}

}  // namespace
}  // namespace spimi::testing

int main(int argc, char** argv) {
  try {
    spimi::testing::replay(std::filesystem::path(argv[0]).filename().native(),
                           {argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& error) {
    std::cerr << argv[0] << ": " << error.what() << "\n";
    return 1;
  }
}
